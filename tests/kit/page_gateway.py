"""A gateway that answers what a test says, at the network's edge in the browser itself.

What is not said goes to the real gateway behind. The WebSocket can be cut, or fall silent for so
long that the page takes it for a break.
"""

import json

from kit.browser import Page

NEVER = "never"
_KEPT = "answers"
_SCRIPT = """(() => {
  const real = {fetch: window.fetch.bind(window), WebSocket: window.WebSocket};
  const answers = JSON.parse(sessionStorage.getItem("answers") ?? "{}");
  window.fetch = (input, init) => {
    const said = answers[new URL(input.url ?? input, location.href).pathname];
    if (said === undefined) return real.fetch(input, init);
    if (said === "never") return new Promise(() => {});
    const headers = {"Content-Type": "application/problem+json"};
    return Promise.resolve(new Response(JSON.stringify(said), {status: said.status, headers}));
  };
  const now = performance.now.bind(performance);
  let aheadMs = 0;
  performance.now = () => now() + aheadMs;
  const lines = [];
  let line = sessionStorage.getItem("line") ?? "open";
  window.WebSocket = class extends real.WebSocket {
    constructor(address) {
      super(address);
      lines.push(this);
      if (line === "cut") this.close();
    }
    set onmessage(hear) {
      super.onmessage = (event) => { if (line === "open") hear(event); };
    }
  };
  window.setLine = (to) => {
    line = to;
    if (to === "silent") aheadMs += 60_000;
    if (to === "cut") for (const one of lines) one.close();
  };
})()"""


def broken(detail: str) -> dict[str, object]:
    """Give the answer of a gateway that fails."""
    code, title = "internal_error", "The gateway failed"
    return {"status": 500, "code": code, "title": title, "detail": detail}


async def between(page: Page) -> None:
    """Stand between the page and its gateway, from the next page on."""
    await page.before_load(_SCRIPT)


async def answer(page: Page, answers: dict[str, object], *, line: str = "open") -> None:
    """Say what is answered, by the path of the request, and load the page anew."""
    for name, value in ((_KEPT, json.dumps(answers)), ("line", line)):
        await page.evaluate(f"sessionStorage.setItem({json.dumps(name)}, {json.dumps(value)})")
    await page.evaluate("window.isOld = true; location.reload()")
    await page.wait_for("window.isOld === undefined")


async def set_line(page: Page, to: str) -> None:
    """Let the stream be `open`, `cut`, or `silent` since a minute ago."""
    await page.evaluate(f"setLine({json.dumps(to)})")
