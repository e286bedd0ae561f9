"""The page in a browser, as a reader uses it: Debian's Chromium, without a screen."""

import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.helpers.odd_study import ODD, odd_run
from vad.analysis.results import Run
from vad.report.page.page import write_page
from vad.report.report import make_report

selenium = pytest.importorskip(
    "selenium", reason="selenium is not installed: pip install -e .[dev]"
)

from selenium.webdriver import Chrome, ChromeOptions, Keys  # noqa: E402
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.remote.webelement import WebElement  # noqa: E402
from selenium.webdriver.support.ui import Select, WebDriverWait  # noqa: E402

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (BROWSER and DRIVER),
    reason="no chromium and chromedriver here: apt-get install chromium chromium-driver",
)
PATIENCE = 60


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return odd_run(tmp_path_factory.mktemp("odd"))


@pytest.fixture(scope="module")
def address(odd: Run) -> str:
    return write_page(make_report(odd)).as_uri()


@pytest.fixture(scope="module")
def chrome() -> Iterator[Chrome]:
    options = ChromeOptions()
    options.binary_location = str(BROWSER)
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options=options, service=Service(str(DRIVER)))
    yield driver
    driver.quit()


@pytest.fixture
def browser(chrome: Chrome, address: str) -> Chrome:
    """The page, freshly opened in a window of full size."""
    resize(chrome, 1280)
    theme(chrome, "light")
    chrome.get(address)
    wait(chrome, "return 'ready' in document.documentElement.dataset")
    return chrome


def wait(browser: Chrome, script: str) -> Any:
    return WebDriverWait(browser, PATIENCE).until(lambda one: one.execute_script(script))


def resize(browser: Chrome, width: int) -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def theme(browser: Chrome, name: str) -> None:
    feature = {"name": "prefers-color-scheme", "value": name}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})


def one(browser: Chrome, selector: str) -> WebElement:
    return browser.find_element(By.CSS_SELECTOR, selector)


def press(browser: Chrome, *keys: str) -> None:
    """Keys pressed wherever the focus is."""
    for key in keys:
        browser.switch_to.active_element.send_keys(key)


def focused(browser: Chrome) -> str:
    text: str = browser.execute_script(
        "const it = document.activeElement; return it.getAttribute('aria-label') ?? it.textContent"
    )
    return text


def log(browser: Chrome, kind: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = browser.get_log(kind)  # type: ignore[no-untyped-call]
    return entries


def requests(browser: Chrome) -> list[str]:
    events = [json.loads(entry["message"])["message"] for entry in log(browser, "performance")]
    return [
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    ]


def cell(browser: Chrome, label: str) -> WebElement:
    return one(browser, f'#grid button[aria-label^="{label}"]')


def open_first(browser: Chrome, label: str) -> None:
    """A cell's first dilemma; by keys, as figures that are drawn meanwhile move what is below."""
    cell(browser, label).send_keys(Keys.ENTER)
    wait(browser, "return document.querySelector('#drill tbody button')")
    one(browser, "#drill tbody button").send_keys(Keys.ENTER)


def test_a_reader_gets_from_a_filter_to_a_cell_a_dilemma_its_prompt_and_its_raw_answer(
    browser: Chrome, odd: Run
) -> None:
    Select(one(browser, "#filters select[name=format]")).select_by_visible_text("numeric")
    Select(one(browser, "#filters select[name=value]")).select_by_visible_text("Honest")
    assert one(browser, "#status").text == "Shown: 4 of 7 conditions, 2 of 8 dilemmas about Honest."
    assert not browser.find_elements(By.CSS_SELECTOR, '#grid button[aria-label^="Equality"]')
    cell(browser, "Honest, moderate").click()
    assert one(browser, "#drill h2").text == "Honest · moderate personas"
    lines = browser.find_elements(By.CSS_SELECTOR, "#drill tbody tr")
    assert len(lines) == 2 * 2  # two dilemmas, two moderate personas
    lines[0].find_element(By.TAG_NAME, "button").click()
    wait(browser, "return document.querySelector('#drill .dilemma')")
    assert ODD in str(one(browser, "#drill .dilemma").get_property("textContent"))
    one(browser, "#drill .answer details summary").click()
    wait(browser, "return document.querySelector('#drill pre')")
    shown = [
        str(text.get_property("textContent"))
        for text in browser.find_elements(By.CSS_SELECTOR, "#drill .answer pre")
    ][:3]
    calls = odd.calls()
    match = calls[calls["text"] == shown[2]]
    sent = [[one["content"] for one in json.loads(text)] for text in match["messages"]]
    assert shown[:2] in sent
    one(browser, "#back").click()
    assert one(browser, "#drill h2").text == "Honest · moderate personas"
    one(browser, "#close").click()
    assert not one(browser, "#drill").is_displayed()


def test_the_keyboard_alone_opens_a_cell_and_an_answer_and_comes_back(browser: Chrome) -> None:
    one(browser, "#columns").send_keys("")
    press(browser, Keys.TAB)
    assert focused(browser).startswith("all values, baseline")
    press(browser, Keys.ARROW_DOWN, Keys.ARROW_RIGHT, Keys.END, Keys.HOME, Keys.ARROW_RIGHT)
    began = focused(browser)
    press(browser, Keys.ENTER)
    assert focused(browser) == one(browser, "#drill h2").text
    outline = "return getComputedStyle(document.activeElement).outlineStyle"
    press(browser, Keys.TAB)
    assert browser.execute_script(outline) == "solid"
    press(browser, Keys.ENTER)
    wait(browser, "return document.querySelector('#drill .answer summary')")
    for _ in range(10):
        press(browser, Keys.TAB)
        if focused(browser) == "Prompt and raw answer":
            break
    press(browser, Keys.ENTER)
    wait(browser, "return document.querySelector('#drill pre')")
    press(browser, Keys.ESCAPE)
    assert not one(browser, "#drill").is_displayed()
    assert focused(browser) == began
    press(browser, Keys.TAB)
    assert not browser.execute_script("return document.activeElement.closest('#grid')")


def test_what_is_unpacked_grows_with_what_is_opened_not_with_the_answers(browser: Chrome) -> None:
    raw = "return document.querySelectorAll('.answer, .answer pre').length"
    assert browser.execute_script(raw) == 0
    open_first(browser, "all values, maximal")
    wait(browser, "return document.querySelector('#drill .answer')")
    assert browser.execute_script(raw) == 2 * 3  # of one dilemma and condition: two questions


def test_nothing_is_requested_and_nothing_fails(browser: Chrome, address: str) -> None:
    open_first(browser, "all values, maximal")
    wait(browser, "return document.querySelector('#drill .answer')")
    assert {*requests(browser)} == {address}
    assert [entry for entry in log(browser, "browser") if entry["level"] == "SEVERE"] == []
    assert "broken in" not in browser.title


def test_the_page_follows_the_system_to_dark_and_a_switch_overrides_it(browser: Chrome) -> None:
    brightness = """
        const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/[0-9.]+/g);
        return (Number(r) + Number(g) + Number(b)) / 3
    """
    assert browser.execute_script(brightness) > 200
    theme(browser, "dark")
    assert browser.execute_script(brightness) < 60
    Select(one(browser, "#theme")).select_by_value("light")
    assert browser.execute_script(brightness) > 200


@pytest.mark.parametrize("width", [360, 1280])
def test_no_width_makes_the_page_scroll_sideways(browser: Chrome, width: int) -> None:
    resize(browser, width)
    wide = "const it = arguments[0]; return it.scrollWidth > it.clientWidth"
    assert not browser.execute_script(wide, one(browser, "html"))
    open_first(browser, "all values, moderate")
    wait(browser, "return document.querySelector('#drill .answer summary')")
    one(browser, "#drill .answer summary").click()
    wait(browser, "return document.querySelector('#drill pre')")
    assert not browser.execute_script(wide, one(browser, "#drill"))


def test_tables_and_landmarks_have_names_for_those_who_hear_the_page(browser: Chrome) -> None:
    nameless = """
        const named = (it) => it.ariaLabel || it.labels?.length || it.textContent.trim() ||
          it.getAttribute('aria-labelledby');
        return [
          ...[...document.querySelectorAll('table')].filter((it) => !it.caption?.textContent),
          ...[...document.querySelectorAll('section, form, nav, [role=region]')]
            .filter((it) => !it.ariaLabel && !it.getAttribute('aria-labelledby')),
          ...[...document.querySelectorAll('button, select, summary')].filter((it) => !named(it)),
          ...[...document.querySelectorAll('th')].filter((it) => !it.scope),
        ].filter((it) => !it.closest('[role=img]')).map((it) => it.outerHTML.slice(0, 200))
    """
    open_first(browser, "all values, moderate")
    wait(browser, "return document.querySelector('#drill .answer summary')")
    assert browser.execute_script(nameless) == []
    assert len(browser.find_elements(By.CSS_SELECTOR, "main, header, footer")) == 3


def test_a_filter_draws_the_figures_anew_with_the_numbers_of_the_cells(browser: Chrome) -> None:
    drawn = """
        const marks = '#figure-ad_by_category svg .mark-text.role-mark text';
        const texts = document.querySelectorAll(marks);
        const said = [...texts].map((it) => it.textContent);
        const found = said.filter((it) => /^[01][.][0-9]{2}$/.test(it));
        return found.length === arguments[0] ? found : null
    """
    bars = one(browser, "#figure-ad_by_category")

    def settled(count: int) -> list[str]:
        browser.execute_script("arguments[0].scrollIntoView()", bars)
        found: list[str] = WebDriverWait(browser, PATIENCE).until(
            lambda it: it.execute_script(drawn, count)
        )
        return sorted(found)

    def cells(value: str) -> list[str]:
        label = f'#grid button[aria-label^="{value}, "]'
        return sorted(one.text for one in browser.find_elements(By.CSS_SELECTOR, label))

    assert {*settled(6)} == {*cells("all values")}  # two formats, each beside the baseline
    Select(one(browser, "#filters select[name=format]")).select_by_visible_text("numeric")
    Select(one(browser, "#filters select[name=value]")).select_by_visible_text("Obedient")
    assert settled(3) == cells("Obedient")
    one(browser, "#figure-ad_by_category summary").click()
    lines = "return document.querySelectorAll('#figure-ad_by_category tbody tr').length"
    assert wait(browser, lines) == 3


def test_the_switch_of_columns_shows_every_persona(browser: Chrome) -> None:
    Select(one(browser, "#columns")).select_by_value("persona")
    heads = [
        head.text for head in browser.find_elements(By.CSS_SELECTOR, "#grid thead tr:last-child th")
    ]
    assert heads == ["value", "baseline", *["moderate_1", "moderate_2", "maximal_1"] * 2]
    Select(one(browser, "#measure")).select_by_value("missing")
    row = browser.find_elements(By.CSS_SELECTOR, "#grid tbody tr:first-child td")
    assert sum(int(entry.text) for entry in row) > 0
