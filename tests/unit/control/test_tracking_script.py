"""The text behind Show Tracking Script."""

from __future__ import annotations

from pathlib import Path

from milepost.control.tracking_script import tracking_script

SOURCE = Path(__file__).parents[3] / "tracker" / "snippet.html"


def test_the_snippet_is_the_trackers_own_with_the_key_and_the_address_filled_in() -> None:
    shown = tracking_script("abcdefghijklmnopqrstuvwx", "https://api.example.com")
    source = SOURCE.read_text()
    assert shown == source.replace("ANALYTICS_KEY", '"abcdefghijklmnopqrstuvwx"').replace(
        "API_URL", '"https://api.example.com"'
    )


def test_the_snippet_has_at_most_500_bytes() -> None:
    assert len(tracking_script("a" * 24, "https://api.example.com").encode()) <= 500


def test_the_snippet_offers_the_four_fields_of_the_guide() -> None:
    shown = tracking_script("key", "https://api.example.com")
    for field in ('companyId:""', 'userId:""', "trackAllPageLoads:false", "trackAllClicks:false"):
        assert field in shown


def test_an_address_cannot_end_the_script_element() -> None:
    shown = tracking_script("key", 'https://x/"</script><script>alert(1)//')
    assert shown.count("</script>") == 1
    assert shown.count("<script>") == 1
