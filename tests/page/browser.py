# SPDX-License-Identifier: GPL-3.0-or-later
"""Headless Chromium, as drive.py and open.py start it: a profile of its own, and nothing from a network."""
import contextlib
import tempfile

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage"]


@contextlib.contextmanager
def browser(window, **capabilities):
    """A driver whose window is that large, "1200,1600"; with further capabilities by name."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for name, value in capabilities.items():
        options.set_capability("goog:" + name, value)
    with tempfile.TemporaryDirectory() as profile:
        for flag in FLAGS + ["--window-size=" + window, "--user-data-dir=" + profile]:
            options.add_argument(flag)
        driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        try:
            yield driver
        finally:
            driver.quit()
