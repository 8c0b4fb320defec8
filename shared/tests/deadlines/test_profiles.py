"""The statutory profiles: every period with its source, and its end on dates worked out by hand or published."""

import json
from datetime import date, datetime
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from shared.deadlines.calendars import Calendar, NotCovered, Week, spans
from shared.deadlines.clocks import due
from shared.deadlines.feeds import chinese_days, mainland_china, public_holidays
from shared.deadlines.profiles import policy_as_json, policy_from_json, statutory
from shared.deadlines.rules import Kind, Verified
from shared.deadlines.state import Granted, Pause, State
from shared.deadlines.timeline import Almanac
from shared.deadlines.zones import instant

HOURS = Week.weekdays("09:00-17:00")
YEARS = range(2016, 2028)
UK = Calendar.weekly("uk", "Europe/London", HOURS, public_holidays("GB", YEARS, subdivision="ENG"))
IE = Calendar.weekly("ie", "Europe/Dublin", HOURS, public_holidays("IE", YEARS))
US = Calendar.weekly("us", "America/New_York", HOURS, public_holidays("US", YEARS))
CN = mainland_china(Calendar.weekly("cn", "Asia/Shanghai", HOURS), spans("09:00-17:00"))


def end(calendar: Calendar, policy: str, rule: str, start: str, *granted: tuple[str, str], pause: str = "") -> str:
    """The last day of a period, or its last instant where it ends within the day."""
    zone = ZoneInfo(calendar.zone)

    def local(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=zone)

    pauses = tuple(Pause("identity_check", *map(local, part.split("/"))) for part in filter(None, [pause]))
    state = State(local(start), pauses, tuple(Granted(key, local(at)) for key, at in granted))
    told = due(statutory()[policy].rules(local(start).date())[rule], state, calendar, Almanac())
    assert told.at is not None
    shown = f"{instant(told.at).astimezone(zone):%Y-%m-%d %H:%M:%S}"
    return shown.removesuffix(" 23:59:59")


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        # Published: EDPB Guidelines 01/2022, section 5.3 (5 March to 5 April; 31 August to 30 September).
        ("2024-03-05 10:00", "2024-04-05"),
        ("2021-08-31 23:59", "2021-09-30"),
        # By hand: 3 October 2026 is a Saturday; 5 April 2026 is Easter Sunday, the Monday after it a holiday.
        ("2026-09-03 09:00", "2026-10-05"),
        ("2026-03-05 09:00", "2026-04-07"),
        ("2024-01-31 09:00", "2024-02-29"),
    ],
)
def test_a_request_of_a_data_subject_has_one_month(start: str, expected: str) -> None:
    assert end(IE, "eu-data-protection", "data_subject_request", start) == expected


def test_two_further_months_and_an_identity_check() -> None:
    request = ("eu-data-protection", "data_subject_request", "2026-01-30 09:00")
    assert end(IE, *request) == "2026-03-02", "28 February is a Saturday"
    assert end(IE, *request, ("complex_or_many", "2026-02-20 12:00")) == "2026-04-30"
    assert end(IE, *request, ("complex_or_many", "2026-03-03 12:00")) == "2026-03-02", "granted too late"
    assert end(IE, *request, pause="2026-02-02 10:00/2026-02-09 10:00") == "2026-03-09", "seven dates, then a Saturday"


def test_a_breach_has_72_hours_whatever_the_clock_or_the_weekend_does() -> None:
    assert end(IE, "eu-data-protection", "breach_to_authority", "2026-03-27 18:30") == "2026-03-30 19:30:00"
    assert end(IE, "eu-data-protection", "breach_to_authority", "2026-10-23 18:30") == "2026-10-26 17:30:00"


def test_chinese_complaints_have_15_30_and_60_days_in_all() -> None:
    complaint = ("cn-bank-complaints", "decision", "2026-02-10 16:00")
    complex_case, special = ("complex", "2026-02-24 10:00"), ("special", "2026-03-10 10:00")
    assert end(CN, *complaint) == "2026-02-25", "calendar days, the Spring Festival among them"
    assert end(CN, *complaint, complex_case) == "2026-03-12"
    assert end(CN, *complaint, complex_case, special) == "2026-04-11"
    assert end(CN, "cn-personal-information", "individual_request", "2026-02-10 16:00") == "2026-03-12"


def test_uk_complaints_end_at_closing_on_the_third_day_and_after_eight_weeks() -> None:
    assert end(UK, "uk-complaints", "summary_resolution", "2026-04-02 11:00") == "2026-04-09 17:00:00", "over Easter"
    assert end(UK, "uk-complaints", "final_response", "2026-03-02 11:00") == "2026-04-27"
    payment = ("uk-complaints", "payment_final_response", "2026-04-02 11:00")
    assert end(UK, *payment) == "2026-04-27", "Good Friday and Easter Monday do not count"
    assert end(UK, *payment, ("beyond_control", "2026-04-20 11:00")) == "2026-05-27", "nor two bank holidays in May"


def test_payment_complaints_in_the_union_have_15_or_35_business_days() -> None:
    complaint = ("eu-complaints", "payment_reply", "2026-11-02 11:00")
    assert end(IE, *complaint) == "2026-11-23"
    assert end(IE, *complaint, ("beyond_control", "2026-11-20 11:00")) == "2026-12-21"


def test_us_complaints_and_errors() -> None:
    assert end(US, "us-complaints", "cfpb_response", "2026-07-01 12:00") == "2026-07-16"
    assert (
        end(US, "us-complaints", "cfpb_response", "2026-07-01 12:00", ("in_progress", "2026-07-10 12:00"))
        == "2026-08-30"
    )
    error = ("us-complaints", "reg_e_investigation", "2026-11-20 12:00")
    assert end(US, *error) == "2026-12-07", "Thanksgiving does not count"
    assert end(US, *error, ("provisional_credit", "2026-12-04 12:00")) == "2027-01-04"
    assert end(US, *error, ("new_account", "2026-12-04 12:00")) == "2026-12-21"


def test_before_a_law_is_in_force_there_is_no_clock() -> None:
    assert statutory()["eu-data-protection"].rules(date(2018, 5, 24)) == {}
    assert "payment_final_response" not in statutory()["uk-complaints"].rules(date(2018, 1, 12))


def test_every_period_has_a_source_a_date_and_says_how_sure_we_are() -> None:
    for policy in statutory().values():
        for edition in policy.editions:
            for rule in edition.rules:
                assert rule.kind in {Kind.STATUTORY, Kind.PRACTICE}
                assert rule.source is not None
                assert rule.source.in_force <= edition.since
                assert rule.source.verified is not Verified.FIELD_KNOWLEDGE or rule.kind is Kind.PRACTICE
                assert rule.warnings, "who is not warned is late"
                # What prolongs a legal period is the law's own list: no pause but the one that has its reason in the note.
                assert not rule.pauses_for or "suspends" in rule.source.note


def test_profiles_come_back_from_json_and_mistakes_are_refused() -> None:
    for policy in statutory().values():
        assert policy_from_json(policy_as_json(policy)) == policy
    told = json.loads((files("shared.deadlines") / "data" / "cn_bank_complaints.json").read_bytes())
    rule = told["editions"][0]["rules"][0]
    for broken in ({"term": {"amount": 0, "unit": "calendar_days"}}, {"unit": "days"}, {"source": None}):
        wrong = told | {"editions": [{"since": "2020-03-01", "rules": [rule | broken]}]}
        with pytest.raises(ValidationError):
            policy_from_json(json.dumps(wrong))


def test_make_up_working_days_are_worked_and_the_unknown_year_is_refused() -> None:
    """liriansu-opus/chinese-calendar#1 and #80, vacanza/holidays#3293: working weekends taken for days off."""
    for day in (date(2017, 9, 30), date(2008, 9, 27), date(2008, 9, 28), date(2019, 4, 28), date(2019, 5, 5)):
        assert CN.works_on(day), day
        assert "make-up" in CN.days[day].name
    assert not CN.works_on(date(2026, 10, 1))
    days, covers = chinese_days(spans("09:00-17:00"))
    assert all("State Council" in one.source for one in days)
    # workalendar/workalendar#710 and #761 asked for years that nobody had announced.
    for day in (covers[0].replace(year=covers[0].year - 1), covers[1].replace(year=covers[1].year + 1)):
        with pytest.raises(NotCovered):
            CN.works_on(day)


def test_a_feed_names_its_source_and_refuses_a_country_it_does_not_know() -> None:
    found = {one.date: one for one in public_holidays("GB", [2026], subdivision="SCT")}
    assert date(2026, 11, 30) in found
    assert found[date(2026, 11, 30)].source.startswith("holidays ")
    assert date(2026, 11, 30) not in {one.date for one in public_holidays("GB", [2026], subdivision="ENG")}
    with pytest.raises(ValueError, match="no holidays"):
        public_holidays("XX", [2026])
