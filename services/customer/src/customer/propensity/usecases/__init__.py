"""What can be done with a trained model: keep it, load it when it is what it says it is, ask it."""

from customer.propensity.usecases.draining import Draining, keep_draining, load_draining
from customer.propensity.usecases.keeping import ModelRefused, folder_of, keep, load
from customer.propensity.usecases.models import Model

__all__ = ["Draining", "Model", "ModelRefused", "folder_of", "keep", "keep_draining", "load", "load_draining"]
