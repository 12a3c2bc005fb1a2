"""A real browser for tests: Debian's or anybody's Chromium, driven over its DevTools socket.

No driver and no download of its own: only the `websockets` package and an installed browser.
"""

import asyncio
import base64
import contextlib
import itertools
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

START_S_MAX = 60.0
ANSWER_S_MAX = 60.0
WAIT_S_MAX = 60.0
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)

_MIDDLE = """(async (selector) => {
  let [before, now] = [[], [0, 0]];
  for (let looks = 0; looks < 30 && String(before) !== String(now); looks += 1) {
    before = now;
    const element = document.querySelector(selector);
    element.scrollIntoView({block: "center"});
    await new Promise(requestAnimationFrame);
    const box = element.getBoundingClientRect();
    now = [box.x + box.width / 2, box.y + box.height / 2];
  }
  return now;
})"""
"""Gives the middle of an element, once it stays where it is while the page is laid out."""


_CHOOSE = """((list, value) => {
  Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, "value").set.call(list, value);
  list.dispatchEvent(new Event("change", {bubbles: true}));
})"""
"""Does what choosing from a list does; React hears nothing of a value that is only set."""


class BrowserMissing(Exception):
    """No Chromium is installed, and it cannot be installed from here."""


class BrowserFailed(Exception):
    """The browser did not do what it was told."""


def chromium() -> str:
    """Give the path of Chromium; install it with apt-get when this is root and it is missing.

    `CHROMIUM` in the environment names another browser.
    """
    found = _installed()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
            subprocess.run(["apt-get", *command], check=False, env=environment, capture_output=True)
        found = _installed()
    if found is None:
        raise BrowserMissing(
            f"expected one of {', '.join(_NAMES)} on the path, found none. Install it "
            "(Debian and Ubuntu: `sudo apt-get install chromium`; macOS: install Google Chrome), "
            "or set CHROMIUM to the path of the browser"
        )
    return found


def _installed() -> str | None:
    named = os.environ.get("CHROMIUM")
    candidates = (named, *map(shutil.which, _NAMES), str(_MAC) if _MAC.exists() else None)
    return next((path for path in candidates if path), None)


class Page:
    """One tab. Errors of the page's console and its uncaught exceptions are kept in `errors`."""

    def __init__(self, socket: ClientConnection, url: str) -> None:
        self.url = url
        """Of the browser that it is a tab of."""
        self._socket = socket
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._session = ""
        self._downloading = ""
        self._downloaded: asyncio.Queue[str] = asyncio.Queue()
        self.errors: list[str] = []

    async def attach(self, *, width: int, height: int) -> None:
        """Make the tab."""
        target = await self.command("Target.createTarget", url="about:blank")
        answer = await self.command(
            "Target.attachToTarget", targetId=target["targetId"], flatten=True
        )
        self._session = answer["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            await self.command(f"{domain}.enable")
        await self.resize(width=width, height=height)

    async def close(self) -> None:
        """Close the tab: the one before it is in front again, and is drawn."""
        await self.command("Page.close")

    async def resize(self, *, width: int, height: int) -> None:
        """Change the size of the window."""
        await self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    async def open(self, url: str) -> None:
        """Go to an address."""
        answer = await self.command("Page.navigate", url=url)
        if "errorText" in answer:
            raise BrowserFailed(f"expected {url} to load, found {answer['errorText']}")

    async def evaluate(self, expression: str) -> Any:
        """Give the value of an expression in the page; a promise is awaited."""
        answer = await self.command(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            text = answer["exceptionDetails"].get("exception", {}).get("description", "")
            raise BrowserFailed(f"expected a value of {expression}, found {text}")
        return answer["result"].get("value")

    async def wait_for(self, expression: str) -> Any:
        """Wait until an expression is true; give its value."""
        try:
            async with asyncio.timeout(WAIT_S_MAX):
                while True:
                    with contextlib.suppress(BrowserFailed):
                        if value := await self.evaluate(expression):
                            return value
                    await asyncio.sleep(0.05)
        except TimeoutError:
            text = await self.evaluate("document.body.innerText")
            raise BrowserFailed(f"expected {expression}, found the page:\n{text}") from None

    async def click(self, selector: str) -> None:
        """Click in the middle of an element, as a pointer does."""
        async with self.held(selector):
            pass

    async def hold(self, selector: str, *, until: str) -> None:
        """Press in the middle of an element until one with a data-testid is there."""
        async with self.held(selector):
            await self.wait_for(f"{_element(until)} !== null")

    @contextlib.asynccontextmanager
    async def held(self, selector: str) -> AsyncGenerator[None]:
        """Press in the middle of an element, and let go when the context ends."""
        x, y = await self.evaluate(f"{_MIDDLE}({json.dumps(selector)})")
        at = {"x": x, "y": y, "button": "left", "clickCount": 1}
        await self.command("Input.dispatchMouseEvent", type="mousePressed", **at)
        yield
        await self.command("Input.dispatchMouseEvent", type="mouseReleased", **at)

    async def text_of(self, test_id: str) -> str:
        """Give the text that is seen in an element, named by its data-testid."""
        return str(await self.evaluate(f"{_element(test_id)}.innerText"))

    async def wait_for_text(self, test_id: str, text: str) -> None:
        """Wait until an element holds a text."""
        await self.wait_for(f"{_element(test_id)}.innerText.includes({json.dumps(text)})")

    async def press(self, test_id: str) -> None:
        """Click an element, named by its data-testid, as soon as it is there and enabled."""
        await self.wait_for(f"{_element(test_id)} !== null && !{_element(test_id)}.disabled")
        await self.click(f"[data-testid={json.dumps(test_id)}]")

    async def wait_until_gone(self, test_id: str) -> None:
        """Wait until no such element is there."""
        await self.wait_for(f"{_element(test_id)} === null")

    async def put_in(self, test_id: str, text: str) -> None:
        """Type into a field in place of what stands there."""
        await self.press(test_id)
        await self.evaluate(f"{_element(test_id)}.select()")
        await self.type(text)

    async def choose(self, test_id: str, value: str) -> None:
        """Choose from a list, named by its data-testid."""
        await self.wait_for(f"{_element(test_id)} !== null")
        await self.evaluate(f"{_CHOOSE}({_element(test_id)}, {json.dumps(value)})")

    async def strike(self, *keys: str) -> None:
        """Strike keys one right after the other: characters, or names such as Escape."""
        strokes: list[dict[str, str]] = []
        for key in keys:
            text = {"text": key} if len(key) == 1 else {}
            strokes += [{"type": "keyDown", "key": key, **text}, {"type": "keyUp", "key": key}]
        # All are on their way before the first is answered: a second key may not come late.
        await asyncio.gather(*(self.command("Input.dispatchKeyEvent", **it) for it in strokes))

    async def before_load(self, script: str) -> None:
        """Run a script in every document before its own."""
        await self.command("Page.addScriptToEvaluateOnNewDocument", source=script)

    async def type(self, text: str) -> None:
        """Type into what has the focus."""
        await self.command("Input.insertText", text=text)

    async def download(self, test_id: str, folder: Path) -> Path:
        """Click a link that gives a file, and give the file once it is whole."""
        await self.command("Page.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
        await self.press(test_id)
        async with asyncio.timeout(WAIT_S_MAX):
            return folder / await self._downloaded.get()

    async def settle(self) -> None:
        """Wait until two frames were drawn and nothing moves."""
        await self.evaluate(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        await self.wait_for("document.getAnimations().every((one) => one.playState !== 'running')")

    async def screenshot(self, path: Path) -> None:
        """Write what is seen to a PNG file."""
        answer = await self.command("Page.captureScreenshot", format="png")
        await asyncio.to_thread(path.write_bytes, base64.b64decode(answer["data"]))

    async def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a DevTools command; give its result."""
        number = next(self._ids)
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        answer = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        await self._socket.send(json.dumps(message))
        try:
            async with asyncio.timeout(ANSWER_S_MAX):
                said = await answer
        except TimeoutError:
            raise BrowserFailed(f"expected an answer to {method}, found none") from None
        if "error" in said:
            raise BrowserFailed(f"expected {method} to work, found {said['error']}")
        return said["result"]

    async def listen(self) -> None:
        """Take what the browser says, until it is gone."""
        async for text in self._socket:
            message: dict[str, Any] = json.loads(text)
            waiting = self._waiting.pop(message.get("id", 0), None)
            if waiting is not None:
                waiting.set_result(message)
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        said = message.get("params", {})
        match message.get("method"):
            case "Runtime.exceptionThrown":
                self.errors.append(said["exceptionDetails"]["exception"].get("description", "?"))
            case "Log.entryAdded" if said["entry"]["level"] == "error":
                self.errors.append(f"{said['entry']['text']} {said['entry'].get('url', '')}")
            case "Page.downloadWillBegin":
                self._downloading = said["suggestedFilename"]
            case "Page.downloadProgress" if said["state"] == "completed":
                self._downloaded.put_nowait(self._downloading)
            case "Runtime.consoleAPICalled" if said["type"] == "error":
                self.errors.append(str(said["args"]))
            case _:
                pass


def _element(test_id: str) -> str:
    return f"document.querySelector('[data-testid={json.dumps(test_id)}]')"


@contextlib.asynccontextmanager
async def browser_page(
    folder: Path, *, width: int = 1440, height: int = 980
) -> AsyncGenerator[Page]:
    """Run a browser with one tab, its profile under `folder`, for as long as the context lasts."""
    profile, process = await asyncio.to_thread(_start, folder)
    try:
        url = await _devtools(profile, process)
        async with browser_tab(url, width=width, height=height) as page:
            yield page
            with contextlib.suppress(BrowserFailed):
                await page.command("Browser.close")
    finally:
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, 10)
        except subprocess.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.wait)


@contextlib.asynccontextmanager
async def browser_tab(url: str, *, width: int = 1440, height: int = 980) -> AsyncGenerator[Page]:
    """Open a tab of a browser that runs; all tabs of one share their cookies."""
    async with connect(url, max_size=1 << 26, proxy=None) as socket:
        page = Page(socket, url)
        listening = asyncio.create_task(page.listen())
        try:
            await page.attach(width=width, height=height)
            yield page
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


def _start(folder: Path) -> tuple[Path, subprocess.Popen[bytes]]:
    """Start the browser with a new profile; give both."""
    profile = Path(tempfile.mkdtemp(prefix="profile-", dir=folder))
    command = [chromium(), *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
    with (profile / "browser.log").open("wb") as log:
        return profile, subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)


async def _devtools(profile: Path, process: subprocess.Popen[bytes]) -> str:
    """Wait for the browser's debugging address."""
    deadline = asyncio.get_running_loop().time() + START_S_MAX
    while asyncio.get_running_loop().time() < deadline and process.poll() is None:
        if address := _address(profile):
            return address
        await asyncio.sleep(0.05)
    text = await asyncio.to_thread((profile / "browser.log").read_text, errors="replace")
    raise BrowserFailed(f"expected {process.args} to open a port, found\n{text[-2000:]}")


def _address(profile: Path) -> str:
    """Read what the browser wrote about its debugging port; empty when it has not yet."""
    told = profile / "DevToolsActivePort"
    lines = told.read_text().split("\n") if told.exists() else []
    return f"ws://127.0.0.1:{lines[0]}{lines[1]}" if len(lines) == 2 else ""
