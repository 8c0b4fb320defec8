"""What can be done with insight: note what the market does, learn of people by event, count them, judge what is recorded."""

from customer.insights.usecases.counting import cross_table, forget, learn_people
from customer.insights.usecases.forecasting import holidays_of, remake_forecasts, show_forecasts
from customer.insights.usecases.observing import SIGNAL, observe_market, show_signal
from customer.insights.usecases.quality import data_quality

__all__ = [
    "SIGNAL",
    "cross_table",
    "data_quality",
    "forget",
    "holidays_of",
    "learn_people",
    "observe_market",
    "remake_forecasts",
    "show_forecasts",
    "show_signal",
]
