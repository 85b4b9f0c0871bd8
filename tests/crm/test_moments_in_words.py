"""Days and spans as both languages say them."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import translation

from crm.templatetags.ui import ago, weekday_and_day

pytestmark = pytest.mark.pure
NOW = dt.datetime(2026, 11, 26, 8, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Tue 22 Dec 2026"), ("zh-hans", "2026年12月22日 星期二")]
)
def test_a_day_stands_in_the_order_of_the_language(language: str, said: str) -> None:
    with translation.override(language):
        assert weekday_and_day(dt.date(2026, 12, 22)) == said


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (dt.timedelta(days=5, hours=18), ("5 days ago", "5 天前")),
        (dt.timedelta(days=1), ("1 day ago", "1 天前")),
        (dt.timedelta(hours=23, minutes=59), ("23 hours ago", "23 小时前")),
        (dt.timedelta(minutes=59), ("59 minutes ago", "59 分钟前")),
        (dt.timedelta(seconds=5), ("0 minutes ago", "0 分钟前")),
        (dt.timedelta(hours=-1), ("0 minutes ago", "0 分钟前")),
    ],
)
def test_a_span_is_said_in_its_largest_unit(passed: dt.timedelta, said: tuple[str, str]) -> None:
    for language, words in zip(("en", "zh-hans"), said, strict=True):
        with translation.override(language):
            assert ago(NOW - passed, NOW) == words
