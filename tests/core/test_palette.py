"""The colours, computed from the tokens of static/css/portal.css in both themes; and what a first visit weighs."""

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings

STATIC = Path(settings.BASE_DIR) / "static"
CSS = (STATIC / "css" / "portal.css").read_text()
SURFACES = ("page", "surface", "sunken")
TINTS = ("success", "warning", "danger", "info", "neutral")
# (foreground, background, least ratio)
PAIRS = [
    *((text, surface, 4.6) for text in ("text", "muted", "link", "link-hover") for surface in SURFACES),
    *((text, surface, 4.6) for text in ("danger-text", "success-text") for surface in ("page", "surface")),
    *((f"{tint}-text", f"{tint}-tint", 4.6) for tint in TINTS),
    *(("on-accent", background, 4.6) for background in ("accent", "accent-hover")),
    *(("on-danger", background, 4.6) for background in ("danger", "danger-hover")),
    ("on-accent-tint", "accent-tint", 4.6),
    ("surface", "success-text", 4.6),
    *((text, "success-tint", 4.6) for text in ("text", "muted", "link")),
    # Borders of controls, focus rings and the marks of errors are not text: WCAG 1.4.11.
    *((line, surface, 3.0) for line in ("control", "focus", "danger") for surface in ("page", "surface")),
]


def block(selector: str) -> str:
    start = CSS.index(f"{selector} {{") + len(selector) + 2
    return CSS[start : CSS.index("}", start)]


def tokens(selector: str) -> dict[str, str]:
    return dict(re.findall(r"--p-([\w-]+):\s*(#[0-9a-f]{6});", block(selector)))


LIGHT = tokens(":root,\n[data-bs-theme]")
DARK = tokens('[data-bs-theme="dark"]')


def luminance(color: str) -> float:
    channels = [int(color[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_agrees_with_the_published_figures() -> None:
    assert round(contrast("#ffffff", "#ffc107"), 2) == 1.63
    assert round(contrast("#0a58ca", "#f8f9fa"), 2) == 6.11


@pytest.mark.parametrize(("foreground", "background", "least"), PAIRS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_tokens_contrast_enough(theme: str, foreground: str, background: str, least: float) -> None:
    colors = LIGHT if theme == "light" else DARK
    ratio = contrast(colors[foreground], colors[background])
    assert ratio >= least, f"{theme}: {foreground} on {background} is {ratio:.2f}"


def test_both_themes_define_the_same_tokens() -> None:
    assert DARK.keys() == LIGHT.keys()


def test_auto_on_a_dark_device_is_exactly_dark() -> None:
    assert block('[data-bs-theme="auto"]').split() == block('[data-bs-theme="dark"]').split()
    before = CSS[: CSS.index('[data-bs-theme="auto"] {')]
    assert before.rstrip().endswith("@media screen and (prefers-color-scheme: dark) {")


def test_print_is_never_dark() -> None:
    before = CSS[: CSS.index('[data-bs-theme="dark"] {')]
    assert before.rstrip().endswith("@media screen {")


def test_every_token_in_use_exists() -> None:
    assert set(re.findall(r"var\(--p-([\w-]+)\)", CSS)) <= {*LIGHT, "shadow", "shadow-high"}


def test_a_first_visit_weighs_at_most_70_kilobytes() -> None:
    files = ["vendor/bootstrap/bootstrap.min.css", "css/portal.css", "js/portal.js", "js/session.js", "img/icons.svg"]
    assert sum(len(gzip.compress((STATIC / name).read_bytes(), 6)) for name in files) <= 70_000


def test_vendored_files_name_no_source_map_and_carry_their_license() -> None:
    assert "sourceMappingURL" not in (STATIC / "vendor/bootstrap/bootstrap.min.css").read_text()
    assert "MIT" in (STATIC / "vendor/bootstrap/LICENSE").read_text()


def test_styles_and_scripts_load_nothing_from_outside() -> None:
    for name in ("css/portal.css", "css/admin.css", "js/portal.js"):
        source = (STATIC / name).read_text().replace("http://www.w3.org/2000/svg", "")
        assert "//" not in re.sub(r"^\s*//.*$|\s// .*$", "", source, flags=re.M), name
