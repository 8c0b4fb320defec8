"""What can be done with insight: note what the market does, count people and what they do, foretell, judge what is recorded."""

from customer.insights.usecases.counting import cross_table, forget, learn_people
from customer.insights.usecases.forecasting import NAME as FORECASTS
from customer.insights.usecases.forecasting import holidays_of, remake_forecasts, show_forecasts
from customer.insights.usecases.habits import NAME as HABITS
from customer.insights.usecases.habits import remake_habits, show_habits
from customer.insights.usecases.mixing import NAME as CHANNEL_MIX
from customer.insights.usecases.mixing import remake_mix, show_mix
from customer.insights.usecases.observing import SIGNAL, observe_market, show_signal
from customer.insights.usecases.quality import data_quality, judge_records
from customer.insights.usecases.reports import take_report

__all__ = [
    "CHANNEL_MIX",
    "FORECASTS",
    "HABITS",
    "SIGNAL",
    "cross_table",
    "data_quality",
    "forget",
    "holidays_of",
    "judge_records",
    "learn_people",
    "observe_market",
    "remake_forecasts",
    "remake_habits",
    "remake_mix",
    "show_forecasts",
    "show_habits",
    "show_mix",
    "show_signal",
    "take_report",
]
