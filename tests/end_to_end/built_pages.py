"""What tests of all pages need: where the built ones are, a phone's screen, and axe."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

WEB_DEMO = Path(__file__).parents[2] / "web-demo"
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}

_COME_TO_REST = """() => Promise.allSettled(
  document.getAnimations()
    .filter(({ effect }) => Number.isFinite(effect.getComputedTiming().endTime))
    .map(({ finished }) => finished),
)"""


def violations(page: Page) -> list[dict[str, Any]]:
    """What axe finds against WCAG 2.2 A and AA, by rule and place, once everything has faded in."""
    page.evaluate(_COME_TO_REST)
    axe = (WEB_DEMO / "node_modules" / "axe-core" / "axe.min.js").read_text()
    page.evaluate(f"() => {{ {axe} }}")
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    found = page.evaluate("tags => axe.run({ runOnly: tags })", tags)
    return [
        {"rule": rule["id"], "places": [node["html"] for node in rule["nodes"]]}
        for rule in found["violations"]
    ]
