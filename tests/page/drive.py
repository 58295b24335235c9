#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives a report in headless Chromium and checks what a person would.

usage: drive.py REPORT.html [SCREENSHOT.png]

Prints one line a check, "ok …" or "not ok …"; exits 1 when one failed.
"""
import base64
import json
import os
import subprocess
import sys
import time

from selenium.common.exceptions import TimeoutException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from browser import browser


class Checks:
    def __init__(self, driver):
        self.driver = driver
        self.failed = 0

    def check(self, good, what):
        print(("ok " if good else "not ok ") + what)
        self.failed += not good

    def js(self, text):
        return self.driver.execute_script("return " + text)

    def unfold(self):
        """Opens the table of many runs, as a person would."""
        for head in self.driver.find_elements(By.CSS_SELECTOR, "[aria-labelledby=runs] summary"):
            head.click()
        self.driver.execute_script("erg.drawAll()")
        self.drawn()

    def drawn(self):
        """Waits until the browser has drawn what was asked of it."""
        self.driver.execute_async_script(
            "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done))")

    def await_js(self, text):
        """Whether TEXT becomes true; the limit is far from what any machine needs."""
        try:
            return WebDriverWait(self.driver, 60).until(lambda _: self.js("!!(%s)" % text))
        except TimeoutException:
            return False

    def show_chart(self):
        """The first chart over time at the upper edge of the window."""
        self.drawn()
        self.driver.execute_script("document.querySelector('.dygraph').scrollIntoView()")
        self.await_js("Math.abs(document.querySelector('.dygraph').getBoundingClientRect().top) < 60")
        self.drawn()

    def opened(self, seconds):
        WebDriverWait(self.driver, 120).until(lambda _: self.js("erg.ready === true"))
        self.check(True, "the page is drawn")
        print("# open to ready: %.2f s" % seconds)
        folded = self.js("[...document.querySelectorAll('section canvas')].filter(c => c.width === 300 &&"
                         " c.getBoundingClientRect().top > 0 && c.getBoundingClientRect().top < 900).length")
        self.check(folded == 0, "what is in sight is drawn: %d charts are not" % folded)
        self.check(self.driver.title != "", "the page has a title")

    def charts(self):
        """Every chart of the page has something in it; what the document holds is on the page."""
        want = self.js("""(() => { const d = erg.doc, run = d.runs[0] || {}, quantities = new Set(
                (run.series || []).filter(s => s.t.length).map(s => s.quantity));
            let n = quantities.size;
            for (const s of d.sweep ? d.sweep.groups : []) n += s.points.length > 1 ? 1 : 0;
            const layers = (run.by || {}).layer || [];
            if (layers.some(l => l.energy_j && l.energy_j.value !== null)) n++;
            if (((d.thermal || {}).points || []).length) n++;
            for (const m of d.models || []) n += ((m.cv || {}).folds || []).length ? 1 : 0;
            return n; })()""")
        empty = self.js("""erg.charts.map(c => c.canvas || c.graphDiv).filter(box => {
            const all = box.tagName === 'CANVAS' ? [box] : [...box.querySelectorAll('canvas')];
            return !all.some(c => { if (!c.width || !c.height) return false;
                const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
                for (let i = 3; i < d.length; i += 4) if (d[i]) return true;
                return false; }); }).length""")
        drawn = self.js("erg.charts.length")
        self.check(drawn >= want and not empty,
                   "charts are drawn: %d, at least %d, %d empty" % (drawn, want, empty))
        if self.js("!!(erg.doc.corun && erg.doc.corun.matrix.length)"):
            self.check(self.js("document.querySelectorAll('#corun ~ .scroll tbody tr').length > 0"),
                       "the matrix of co-runs has rows")

    def names(self):
        """What a screen reader says of the charts."""
        said = self.js("[...document.querySelectorAll('[role=img]')]"
                       ".map(e => e.getAttribute('aria-label'))")
        self.check(all(said), "every chart has a name")
        print("# charts: " + "; ".join(name.split(" over time: ")[0] for name in said))
        over = [name for name in said if " over time: " in name]
        self.check(all(" from " in name and " to " in name for name in over),
                   "charts over time say their range %s" % over[:1])

    def zoom(self):
        if not self.js("!!(erg.groups && erg.groups.length)"):
            return
        before = self.js("erg.groups[0].range.slice()")
        self.press("Zoom in")
        after = self.js("erg.groups[0].range.slice()")
        self.check(after[1] - after[0] < 0.6 * (before[1] - before[0]),
                   "zoom in narrows the time axis")
        graphs = self.js("erg.charts.filter(c => c.xAxisRange).map(c => c.xAxisRange())")
        self.check(all(abs(g[0] - after[0]) < 1e-6 and abs(g[1] - after[1]) < 1e-6 for g in graphs),
                   "all time axes move together")
        for _ in range(8):
            self.press("Zoom in")
        plots = self.driver.find_elements(By.CSS_SELECTOR, ".dygraph")
        ticks = [label.text for plot in plots[:1]
                 for label in plot.find_elements(By.CSS_SELECTOR, ".dygraph-axis-label-x")]
        self.check(len(set(ticks)) == len(ticks), "each tick of a narrow axis has its own label")
        self.press("Show all")
        self.check(self.js("erg.groups[0].range.slice()") == before, "show all returns")
        if plots:
            self.zoom_by_mouse(plots[0], before)

    def press(self, text):
        self.driver.find_element(By.XPATH, "//button[text()='%s']" % text).click()

    def zoom_by_mouse(self, plot, whole):
        def mouse():
            return ActionChains(self.driver).move_to_element_with_offset(plot, -100, -60)
        shown = "[erg.groups[0].range, erg.charts.find(c => c.yAxisRange).yAxisRange()]"
        before = self.js(shown)
        mouse().click_and_hold().move_by_offset(80, 0).release().perform()
        now = self.js("erg.groups[0].range")
        self.check(now[1] - now[0] < whole[1] - whole[0], "a drag over a chart zooms in")
        mouse().double_click().perform()
        self.check(self.js(shown) == before, "a double click shows the whole run again")
        mouse().click_and_hold().move_by_offset(0, 70).release().perform()
        self.check(self.js(shown) != before, "a drag upright zooms into the values")
        self.press("Show all")
        self.check(self.js(shown) == before, "show all shows all values")
        ends = self.js("erg.charts.filter(c => c.getArea).map(c => c.getArea().x + c.getArea().w"
                       " + c.graphDiv.getBoundingClientRect().left)")
        self.check(max(ends) - min(ends) < 1, "the charts over time end beneath each other")

    def touch(self):
        """A finger over a chart scrolls the page; two zoom into the chart."""
        if not self.js("!!document.querySelector('.dygraph')"):
            return
        command = self.driver.execute_cdp_cmd
        command("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 2})
        command("Emulation.setDeviceMetricsOverride",
                {"width": 390, "height": 600, "deviceScaleFactor": 1, "mobile": True})
        self.await_js("window.innerWidth === 390")
        self.show_chart()
        y, whole = self.js("window.scrollY"), self.js("erg.groups[0].range")

        def move(*steps):
            for i, points in enumerate(steps):
                command("Input.dispatchTouchEvent", {
                    "type": "touchMove" if i else "touchStart",
                    "touchPoints": [{"x": x, "y": y, "id": k} for k, (x, y) in enumerate(points)]})
                self.drawn()
            command("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        narrower = "erg.groups[0].range[1] - erg.groups[0].range[0] < %r" % (whole[1] - whole[0])
        # Touches that a page does not answer within some 200 ms Chromium takes for its own: a loaded
        # machine gets some more.
        for _ in range(20):
            move(*([(180 - 8 * i, 120), (220 + 8 * i, 120)] for i in range(10)))
            self.drawn()
            if self.js(narrower):
                break
            command("Emulation.resetPageScaleFactor", {})
            self.show_chart()
        self.check(self.await_js(narrower), "two fingers zoom into a chart")
        self.press("Show all")
        self.show_chart()
        move(*([(200, 180 - 10 * i)] for i in range(16)))
        self.check(self.await_js("window.scrollY > %r" % y), "one finger over a chart scrolls the page")
        command("Emulation.clearDeviceMetricsOverride", {})
        command("Emulation.setTouchEmulationEnabled", {"enabled": False})

    def bands(self):
        if not self.js("!!document.querySelector('canvas.bands')"):
            return
        self.driver.execute_script("""const c = document.querySelector('canvas.bands');
            c.width = c.width; window.dispatchEvent(new Event('beforeprint'));""")
        ink = self.js("document.querySelector('canvas.bands').getContext('2d')"
                      ".getImageData(0, 0, 1200, 40).data.some(x => x)")
        self.driver.execute_script("window.dispatchEvent(new Event('afterprint'))")
        self.check(ink, "the bands of layers are drawn for paper")
        tracks = self.js("new Set(unpack(erg.doc.runs[0].bands.track, Uint16Array)).size")
        height = self.js("document.querySelector('canvas.bands').clientHeight")
        self.check(height == (22 * min(tracks, 12) if tracks > 1 else 54),
                   "each of %d tracks has a row of bands" % tracks)

    def bars(self):
        """Energy and time of each row of the table, with whiskers."""
        rows = self.js("(((erg.doc.runs[0] || {}).by || {}).layer || []).length")
        if not rows:
            return
        sets = dict(self.js("erg.charts.filter(c => c.canvas && c.config.type === 'bar').map("
                            "c => [c.canvas.getAttribute('aria-label'), c.data.labels.length])"))
        self.check(sets.get("time by layer") == rows and sets.get("energy by layer", rows) == rows,
                   "each layer has its place among the bars: %s" % sets)

    def sort_and_search(self):
        section = "//section[h2[contains(., 'layer')]]"
        heads = self.driver.find_elements(By.XPATH, section + "//th/button")
        if not heads:
            return

        def names():
            return self.driver.execute_script("return [...arguments[0].closest('table').tBodies[0]"
                                              ".rows].map(r => r.cells[0].textContent)", heads[0])
        before = names()
        heads[0].click()
        self.check(names() == sorted(before), "a click on a head sorts the table")
        box = self.driver.find_element(By.XPATH, section + "//input[@type='search']")
        sought = before[0][:6].lower()
        box.send_keys(sought)
        found = names()
        self.check(0 < len(found) <= len(before) and all(sought in n.lower() for n in found),
                   "search leaves only what matches")
        box.clear()

    LAST_BAND = """(() => { const c = document.querySelector('canvas.bands');
        const g = erg.charts.find(c => c.toDomXCoord), b = (erg.doc.runs[0] || {}).bands;
        if (!c || !g || !b || !b.names.length) return null;
        const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        let last = -1;
        for (let i = 3; i < d.length; i += 4) if (d[i]) last = Math.max(last, (i >> 2) % c.width);
        const t = unpack(b.begin, Uint32Array), len = unpack(b.duration, Uint32Array);
        const end = Math.max(...t.slice(-50).map((x, i) => x + len.slice(-50)[i])) * b.t_step_s + b.t0_s;
        return [c.getBoundingClientRect().left + (last + 1) / c.width * c.getBoundingClientRect().width,
            g.graphDiv.getBoundingClientRect().left + g.toDomXCoord(end) *
                g.graphDiv.getBoundingClientRect().width / g.graphDiv.offsetWidth]; })()"""

    def fits(self, where, width):
        """Nothing scrolls sideways, and the layers lie beneath the time of the chart above."""
        time.sleep(0.5)
        wide = self.js("document.documentElement.scrollWidth")
        culprit = self.js("[...document.querySelectorAll('main *')].filter(e => !e.closest('.scroll') &&"
                          " e.getBoundingClientRect().right > %d + 1).map(e => e.tagName + '.' + e.className"
                          " + ' ' + e.textContent.slice(0, 40)).slice(0, 3)" % width)
        self.check(wide <= width, "nothing scrolls sideways %s: %d of %d px %s" % (where, wide, width, culprit))
        ends = self.js(self.LAST_BAND)
        if ends:
            self.check(abs(ends[0] - ends[1]) < 3, "layers lie beneath their time %s: %.1f, %.1f px"
                       % (where, ends[0], ends[1]))

    def axes(self):
        """Axes of amounts begin at 0, or say that they do not."""
        bad = self.js("""erg.charts.filter(c => c.canvas).flatMap(c => Object.values(c.scales).filter(s =>
            s.type === 'linear' && s.min > 0 && /energy|power|ETS|EDP|time|latency|accuracy|%|, [JWs]$/.test(s.options.title.text || '') &&
            !/need not begin at 0/.test(s.options.title.text))
            .map(s => c.canvas.getAttribute('aria-label') + ': ' + s.options.title.text + ' from ' + s.min))""")
        self.check(not bad, "axes of amounts begin at 0 %s" % bad[:3])
        bad = self.js("""erg.charts.filter(c => c.canvas).flatMap(c => Object.values(c.scales).flatMap(s => s.ticks
            .filter(t => /^-?[0-9.]+e[-+]?[0-9]+/.test([].concat(t.label).join(' '))).map(t => s.options.title.text + ': ' + t.label)))""")
        self.check(not bad, "no tick is in powers of ten %s" % bad[:3])

    def reasons(self):
        """A row of layers that is not resolved says why, where its document does."""
        why = self.js("""(((erg.doc.runs[0] || {}).by || {}).layer || []).filter(r => r.energy_j && r.energy_j.value === null
            && r.energy_j.reason).length""")
        said = self.js("""[...document.querySelectorAll('section[aria-labelledby=layers0] tbody tr')].filter(
            r => r.cells[r.cells.length - 1].textContent !== 'unresolved' && r.querySelector('.unresolved')).length""")
        self.check(said >= why, "rows without a figure say why: %d of %d" % (said, why))

    def rows_on_paper(self):
        """A number stands on one line, and what belongs together on one page."""
        broken = self.js("""[...document.querySelectorAll('td:not(.text)')].filter(c => { const r = document.createRange();
            r.selectNodeContents(c); return c.cellIndex && r.getBoundingClientRect().height > 24;
            }).map(c => c.textContent).slice(0, 3)""")
        self.check(not broken, "no number is broken on paper %s" % broken)
        apart = self.js("""[...document.querySelectorAll('.whole, .pair > *, p, .plot')].filter(
            e => getComputedStyle(e).breakInside !== 'avoid').length""")
        self.check(apart == 0, "charts stay with their headings on paper: %d may not" % apart)

    def widths(self):
        """A wide window, a phone, and paper, one after the other without loading again."""
        command = self.driver.execute_cdp_cmd
        for width in (1000, 1400, 390):
            command("Emulation.setDeviceMetricsOverride",
                    {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500})
            self.fits("at %d px" % width, width)
        command("Emulation.setDeviceMetricsOverride",
                {"width": 718, "height": 1000, "deviceScaleFactor": 1, "mobile": False})
        command("Emulation.setEmulatedMedia", {"media": "print"})
        self.driver.execute_script("window.dispatchEvent(new Event('beforeprint'))")
        self.fits("on paper", 718)
        cut = self.js("[...document.querySelectorAll('canvas')].filter(c => c.clientWidth &&"
                      " c.getBoundingClientRect().right > 719).length")
        self.check(cut == 0, "no chart is cut by the edge of the paper: %d" % cut)
        self.rows_on_paper()
        self.driver.execute_script("window.dispatchEvent(new Event('afterprint'))")
        command("Emulation.setEmulatedMedia", {"media": ""})
        command("Emulation.clearDeviceMetricsOverride", {})

    def ink(self, pdf):
        """Of each page of a PDF, how many of its pixels are not white."""
        raw = subprocess.run(["pdftoppm", "-r", "40", "-gray", "-"], input=pdf, stdout=subprocess.PIPE,
                             check=True).stdout
        pages = []
        while raw:
            _, size, _, rest = raw.split(b"\n", 3)
            width, height = map(int, size.split())
            pages.append(sum(v < 200 for v in rest[:width * height]))
            raw = rest[width * height:]
        return pages

    def printed(self):
        """On paper, as the browser prints it, the charts have their lines and end at its edge."""
        if not self.js("!!document.querySelector('.dygraph')"):
            return
        hide = self.driver.execute_script("""const s = document.head.appendChild(document.createElement('style'));
            s.textContent = 'body * { visibility: hidden } .dygraph canvas { visibility: visible }'; return s;""")
        self.driver.execute_script("""addEventListener('beforeprint', () => { erg.printed = [...document.querySelectorAll('canvas')]
            .filter((c) => c.clientWidth).map((c) => c.getBoundingClientRect().right); }, { once: true })""")
        pdf = self.driver.execute_cdp_cmd("Page.printToPDF", {"paperWidth": 8.27, "paperHeight": 11.69})
        self.driver.execute_script("arguments[0].remove()", hide)
        ink = sum(self.ink(base64.b64decode(pdf["data"])))
        self.check(ink > 300, "lines of the charts over time are on paper: %d dots" % ink)
        right = max(self.js("erg.printed") or [0])
        self.check(0 < right <= 718, "charts end at the edge of the paper: at %.0f of 718 px" % right)

    def contents(self):
        """Each link of the contents leads to a part of the page."""
        dead = self.js("[...document.querySelectorAll('nav a')].filter(a => !document.getElementById("
                       "decodeURIComponent(a.hash.slice(1)))).map(a => a.hash)")
        self.check(not dead, "the contents lead somewhere %s" % dead[:3])

    def quiet(self):
        errors = [e["message"] for e in self.driver.get_log("browser") if e["level"] == "SEVERE"]
        self.check(not errors, "no error on the console %s" % errors[:2])
        urls = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                urls.append(message["params"]["request"]["url"])
        left = [u for u in urls if not u.startswith(("file:", "data:", "about:", "chrome:"))]
        self.check(not left, "no request leaves the page %s" % left[:2])
        self.check(self.js("!window.injected"), "no name of the trace ran as a script")
        tags = self.js("document.querySelectorAll('main script, main img, main iframe').length")
        self.check(tags == 0, "no name of the trace became markup")


def main():
    path = os.path.abspath(sys.argv[1])
    with browser("1200,1600", loggingPrefs={"browser": "ALL", "performance": "ALL"}) as driver:
        begin = time.monotonic()
        driver.get("file://" + path)
        checks = Checks(driver)
        checks.opened(time.monotonic() - begin)
        checks.unfold()
        checks.charts()
        checks.names()
        checks.zoom()
        checks.bands()
        checks.bars()
        checks.sort_and_search()
        checks.axes()
        checks.reasons()
        checks.touch()
        checks.contents()
        checks.widths()
        checks.printed()
        checks.quiet()
        if len(sys.argv) > 2:
            driver.set_window_size(1200, 4000)
            driver.save_screenshot(sys.argv[2])
    sys.exit(checks.failed > 0)


main()
