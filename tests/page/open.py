#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens a report in headless Chromium several times and prints what that takes.

usage: open.py REPORT.html [TIMES]

Prints two medians in seconds: from the navigation to what a person sees (drawn, by the page's own
clock), and processor time of the thread that runs the page, which a loaded machine changes less.
"""
import os
import statistics
import sys

from selenium.webdriver.support.ui import WebDriverWait

from browser import browser


def opened(driver, url):
    driver.get("about:blank")
    driver.execute_cdp_cmd("Performance.disable", {})
    driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
    driver.get(url)
    WebDriverWait(driver, 120).until(lambda d: d.execute_script("return erg.ready === true"))
    metrics = {m["name"]: m["value"] for m in driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]}
    return driver.execute_script("return erg.drawn_ms") / 1000, metrics["TaskDuration"]


def main():
    url = "file://" + os.path.abspath(sys.argv[1])
    times = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with browser("1400,1000") as driver:
        seen = [opened(driver, url) for _ in range(times)]
    print("%.3f %.3f" % tuple(statistics.median(column) for column in zip(*seen)))


main()
