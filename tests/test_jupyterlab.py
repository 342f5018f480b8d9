"""In JupyterLab, driven through Chromium: one notebook of each part runs, and sliders of every kind move pictures.

The other notebooks are run by nbval; what they need of JupyterLab beyond that, the small notebook here tries.
"""

import shutil

import catalogue
import lab
import nbformat
import pytest

# The last of each part: the one that builds on most of what the part has.
WHOLE = list({path.parent: path for path in catalogue.notebooks()}.values())
SMALL = '''
from companion.teaching import Choice, Range, explore

@explore(k=Range(0, 5, 1, start=2, label="power k"), colour=Choice(["blue", "red"], label="colour"))
def powers(axes, k, colour):
    """A power of x.

    Notice: at k = 4 the drawing fails on purpose.
    """
    if k == 4:
        raise ArithmeticError("no fourth power")
    axes.plot([0, 1, 2], [0, 1, 2**k], color=colour)
    return {"end": 2**k}
'''


@pytest.fixture(scope="module")
def lab_url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab") / "notebooks"
    shutil.copytree(catalogue.NOTEBOOKS, folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    small = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SMALL), nbformat.v4.new_code_cell("1 + 1")])
    small.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(small, folder / "small.ipynb")
    with lab.server(folder) as url:
        yield url


@pytest.fixture
def page(browser, lab_url):
    page = browser.new_page(viewport={"width": 1400, "height": 1300})
    yield page
    page.close()
    lab.close_kernels(lab_url)


def picture(page):
    return page.locator("img.widget-image").first


def moved(page, before):
    """Wait until the first explorer shows another picture than `before`; return it."""
    page.wait_for_function(
        """before => {
            const image = document.querySelector('img.widget-image');
            return image && image.src !== before && image.complete;
        }""",
        arg=before,
    )
    return picture(page).get_attribute("src")


def press(page, key):
    page.locator(".noUi-handle").first.focus()
    page.keyboard.press(key)


DIGEST = """async image => {
    const bytes = await (await fetch(image.src)).arrayBuffer();
    const sum = await crypto.subtle.digest('SHA-256', bytes);
    return [...new Uint8Array(sum)].join();
}"""


def pixels(page):
    return picture(page).evaluate(DIGEST)


def wait_for_pixels(page, wanted):
    """Wait until the first explorer shows the picture with this digest."""
    page.wait_for_function(
        f"async wanted => await ({DIGEST})(document.querySelector('img.widget-image')) === wanted", arg=wanted
    )


def wait_for_end(page, value):
    """Wait until the small notebook's explorer shows its named number so."""
    page.get_by_text("end").locator("b", has_text=value).wait_for()


def test_controls_move_the_picture_and_errors_are_shown(page, lab_url):
    lab.run_all(page, lab_url, "small.ipynb")
    start, look = picture(page).get_attribute("src"), pixels(page)
    press(page, "ArrowRight")
    second = moved(page, start)
    page.get_by_text("8", exact=True).last.wait_for()
    page.get_by_role("combobox").last.select_option("red")
    third = moved(page, second)
    page.get_by_role("button", name="Reset").click()
    moved(page, third)
    wait_for_pixels(page, look)
    press(page, "ArrowRight")
    wait_for_end(page, "8")
    press(page, "ArrowRight")
    page.get_by_text("ArithmeticError: no fourth power").wait_for()
    page.get_by_text("powers' failed at power k = 4").wait_for()
    press(page, "ArrowRight")
    page.get_by_text("ArithmeticError: no fourth power").wait_for(state="detached")


def test_a_burst_of_keys_ends_at_the_last_setting(page, lab_url):
    lab.run_all(page, lab_url, "small.ipynb")
    press(page, "Home")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    wait_for_end(page, "8")


def test_a_cell_that_is_run_again_has_one_live_explorer(page, lab_url):
    lab.run_all(page, lab_url, "small.ipynb")
    press(page, "ArrowRight")
    wait_for_end(page, "8")
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Control+Enter")
    wait_for_end(page, "4")
    assert page.locator("img.widget-image").count() == 1
    before = picture(page).get_attribute("src")
    press(page, "ArrowLeft")
    moved(page, before)


@pytest.mark.parametrize("path", WHOLE, ids=catalogue.name)
def test_a_notebook_of_each_part_runs_and_its_first_slider_moves(page, lab_url, path):
    lab.run_all(page, lab_url, f"{catalogue.name(path)}.ipynb")
    for kind in ("stderr", "error"):
        assert not page.locator(f".jp-OutputArea-output [data-mime-type='application/vnd.jupyter.{kind}']").count()
        assert not page.locator(f".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.{kind}']").count()
    before = picture(page).get_attribute("src")
    handle = page.locator(".noUi-handle").first
    at_end = handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemax")
    press(page, "ArrowLeft" if at_end else "ArrowRight")
    moved(page, before)
