"""The fairness report: what selecting the highest scores does to people of each age, sex, schooling and family.

The traits are used here and nowhere else: no model of credit reads them.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from customer.propensity.domain.fairness import age_group, fairness
from customer.propensity.domain.measures import Floats, Labels
from customer.propensity.domain.questions import DEFAULT, PRODUCT, Question
from customer.propensity.domain.rows import Row
from customer.propensity.training import reporting

_SEX: Final = {"1": "male", "2": "female"}
_SCHOOL: Final = {"1": "graduate school", "2": "university", "3": "high school"}
_FAMILY: Final = {"1": "married", "2": "single"}

# Of each question: what is selected, and the traits by which it is looked at.
_LOOKED_AT: Final[Mapping[str, tuple[float, str, Mapping[str, Callable[[Row], str]]]]] = {
    PRODUCT.name: (
        0.1,
        "the tenth that is called first",
        {"age": lambda row: age_group(float(row["age"])), "family": lambda row: row["marital"]},
    ),
    DEFAULT.name: (
        0.2,
        "the fifth that is refused",
        {
            "age": lambda row: age_group(float(row["AGE"])),
            "sex": lambda row: _SEX.get(row["SEX"], "other"),
            "schooling": lambda row: _SCHOOL.get(row["EDUCATION"], "other"),
            "family": lambda row: _FAMILY.get(row["MARRIAGE"], "other"),
        },
    ),
}


def fairness_lines(question: Question, rows: Sequence[Row], labels: Labels, probabilities: Floats) -> list[str]:
    """The report on probabilities of rows the model had not seen; a file without a trait is told without it."""
    share, selected, traits = _LOOKED_AT[question.name]
    told = [f"{question.name}: fairness of {selected}"]
    for trait, of in traits.items():
        try:
            groups = [of(row) for row in rows]
        except KeyError:
            told.append(f"  {trait}: the file does not say")
            continue
        found = fairness(trait, groups, labels, probabilities, share)
        if found is None:
            told.append(f"  {trait}: too few in every group but one")
            continue
        for one in found.groups:
            told.append(
                f"  {trait:<10} {one.name:<16} {one.size:>6,} people  rate {one.rate:6.1%}  selected {one.selected.value:6.1%}"
                f"  found {one.found.value:6.1%}  AUC {one.area}  calibration error {one.calibration_error:.3f}"
            )
        told.append(reporting.line(f"  {trait}", f"parity: {' - '.join(found.parity_between)}", found.parity))
        told.append(
            reporting.line(f"  {trait}", f"opportunity: {' - '.join(found.opportunity_between)}", found.opportunity)
        )
    return told
