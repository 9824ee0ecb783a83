"""Load tools as contenders of `bench_cost.py`, where they are on PATH: the scripts that they are given, and what they say at the end."""
# ruff: noqa: E501  the scripts are in other languages

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

LOCUST: Final = """
import json, ssl, time, uuid
import gevent
import websocket
from locust import User, events, task

about = json.load(open("order.json"))
waiting = list(about["tokens"])
count = {"events": 0, "messages": 0, "wrong": 0, "over": 0}
ORDER = ("agent_started", "agent_thinking", "tool_executing", "tool_completed", "agent_completed")

class Asks(User):
    @task
    def work(self):
        if not waiting:
            gevent.sleep(3600)
        token = waiting.pop()
        socket = websocket.create_connection(about["url"], header=["Authorization: Bearer " + token])
        user = json.loads(socket.recv())["data"]["user_id"]
        for number in range(about["messages"]):
            request = uuid.uuid4().hex
            said = f"Quote my reference {request}-{number:06d} in your answer."
            payload = {"content": said, "message": said, "turn_id": request, "thread_id": "thread-" + user}
            began = time.perf_counter()
            message = {"type": "user_message", "payload": payload, "timestamp": time.time(), "message_id": request, "thread_id": "thread-" + user}
            socket.send(json.dumps(message))
            count["messages"] += 1
            for name in ORDER:
                event = json.loads(socket.recv())
                count["events"] += 1
                if event["type"] != name or event["data"]["request_id"] != request or event["data"]["user_id"] != user:
                    count["wrong"] += 1
            took = (time.perf_counter() - began) * 1000
            events.request.fire(request_type="WS", name="run", response_time=took, response_length=0, exception=None, context={})
        socket.close()
        count["over"] += 1
        if count["over"] == len(about["tokens"]):
            gevent.spawn(self.environment.runner.quit)  # it ends this user, too: from here it would end itself first
        gevent.sleep(3600)

@events.quitting.add_listener
def told(environment, **_):
    print(json.dumps(count), flush=True)
"""

K6: Final = """
import ws from 'k6/ws';
import { Counter } from 'k6/metrics';
const about = JSON.parse(open('./order.json'));
const order = ['agent_started', 'agent_thinking', 'tool_executing', 'tool_completed', 'agent_completed'];
const seen = new Counter('vigil_events'), wrong = new Counter('vigil_wrong');
export const options = {
  scenarios: { users: { executor: 'per-vu-iterations', vus: about.tokens.length, iterations: 1, maxDuration: '20m' } },
  thresholds: { vigil_events: ['count>=0'], vigil_wrong: ['count>=0'] },
};
export function handleSummary(data) {
  const of = (name) => (data.metrics[name] ? data.metrics[name].values.count : 0);
  return { stdout: JSON.stringify({ events: of('vigil_events'), wrong: of('vigil_wrong') }) + '\\n' };
}
export default function () {
  ws.connect(about.url, { headers: { Authorization: 'Bearer ' + about.tokens[__VU - 1] } }, (socket) => {
    let asked = 0, at = -1, user = '', request = '', good = 0, bad = 0;
    const ask = () => {
      if (asked === about.messages) { seen.add(good); wrong.add(bad); socket.close(); return; }
      asked += 1; at = 0; request = 'k6-' + __VU + '-' + asked + '-0123456789abcdef';
      const said = 'Quote my reference ' + request + ' in your answer.';
      socket.send(JSON.stringify({ type: 'user_message', payload: { content: said, message: said, turn_id: request, thread_id: 'thread-' + __VU },
        timestamp: Date.now() / 1000, message_id: request, thread_id: 'thread-' + __VU }));
    };
    socket.on('message', (text) => {
      const event = JSON.parse(text);
      if (at < 0) { user = event.data.user_id; ask(); return; }
      good += 1;
      if (event.type !== order[at] || event.data.request_id !== request || event.data.user_id !== user) bad += 1;
      at += 1;
      if (at === order.length) ask();
    });
  });
}
"""

ARTILLERY: Final = """
config:
  target: "{url}"
  processor: "./asks.js"
  phases: [{{ duration: 1, arrivalCount: {users} }}]
  engines: {{ ws: {{}} }}
scenarios:
  - engine: ws
    flow: [{{ connect: {{ function: "signIn" }} }}, {{ function: "asks" }}]
"""

ARTILLERY_JS: Final = """
// The built-in `send` waits for one answer only; five events to a message need a function of one's own, on the tool's own socket.
const fs = require('fs');
const about = JSON.parse(fs.readFileSync(__dirname + '/order.json'));
const order = ['agent_started', 'agent_thinking', 'tool_executing', 'tool_completed', 'agent_completed'];
let next = 0;
module.exports.signIn = function (connection, context, done) {
  context.vars.number = next++;
  connection.options = { ...connection.options, perMessageDeflate: false,
    headers: { Authorization: 'Bearer ' + about.tokens[context.vars.number % about.tokens.length] } };
  done();
};
module.exports.asks = function (context, events, done) {
  const socket = context.ws, number = context.vars.number;
  let asked = 0, at = 0, user = '', request = '', good = 0, bad = 0;
  const ask = () => {
    if (asked === about.messages) { events.emit('counter', 'vigil_events', good); events.emit('counter', 'vigil_wrong', bad); done(); return; }
    asked += 1; at = 0; request = 'ar-' + number + '-' + asked + '-0123456789abcdef';
    const said = 'Quote my reference ' + request + ' in your answer.';
    socket.send(JSON.stringify({ type: 'user_message', payload: { content: said, message: said, turn_id: request, thread_id: 'thread-' + number },
      timestamp: Date.now() / 1000, message_id: request, thread_id: 'thread-' + number }));
  };
  socket.on('message', (text) => {
    const event = JSON.parse(text);
    user = user || event.data.user_id;
    if (event.type === 'connection_established') return;
    good += 1;
    if (event.type !== order[at] || event.data.request_id !== request || event.data.user_id !== user) bad += 1;
    at += 1;
    if (at === order.length) ask();
  });
  ask();
};
"""

TSUNG: Final = """<?xml version="1.0"?>
<!DOCTYPE tsung SYSTEM "{dtd}">
<tsung loglevel="warning">
  <clients><client host="localhost" use_controller_vm="true" maxusers="{room}"/></clients>
  <servers><server host="127.0.0.1" port="{port}" type="tcp"/></servers>
  <load><arrivalphase phase="1" duration="10" unit="minute"><users maxnumber="{users}" arrivalrate="{users}" unit="second"/></arrivalphase></load>
  <options>
    <option name="file_server" id="tokens" value="{folder}/tokens.csv"/>
    <option name="websocket_path" value="/ws"/>
  </options>
  <sessions><session name="asks" probability="100" type="ts_websocket">
    <setdynvars sourcetype="file" fileid="tokens" delimiter=";" order="iter"><var name="token"/></setdynvars>
    <request subst="true"><websocket type="connect" path="/ws?token=%%_token%%"/></request>
    <for from="1" to="{messages}" var="n"><request subst="true">
      <websocket type="message" frame="text">{message}</websocket>
    </request></for>
    <request><websocket type="close"/></request>
  </session></sessions>
</tsung>
"""

PEERS: Final = ("k6", "artillery", "locust", "tsung")


def found(name: str) -> bool:
    """Whether the tool is on PATH."""
    return shutil.which(name) is not None


def command(name: str, folder: Path, order: Path) -> list[str]:
    """Write what the tool needs into `folder`, where `order` is and it will be started, and say how it is."""
    about = json.loads(order.read_text())
    return _COMMANDS[name](folder, about)


def told(name: str, out: str) -> dict[str, Any]:
    """What it counted, as far as it says; {} for a tool that cannot tell."""
    if name in ("k6", "locust"):
        lines = [line for line in out.splitlines() if line.startswith('{"')]
        return dict(json.loads(lines[-1])) if lines else {}
    if name == "artillery":
        sums = re.findall(r"vigil_(events|wrong):[ .]*(\d+)", out.rpartition("Summary report")[2])
        return {key: int(value) for key, value in sums}
    return {}


def _locust(folder: Path, about: dict[str, Any]) -> list[str]:
    (folder / "asks.py").write_text(LOCUST)
    users = str(len(about["tokens"]))
    return ["locust", "-f", "asks.py", "--headless", "-u", users, "-r", users, "--only-summary", "--exit-code-on-error", "0"]


def _k6(folder: Path, about: dict[str, Any]) -> list[str]:
    (folder / "asks.js").write_text(K6)
    return ["k6", "run", "--quiet", "--no-usage-report", "asks.js"]


def _artillery(folder: Path, about: dict[str, Any]) -> list[str]:
    (folder / "asks.js").write_text(ARTILLERY_JS)
    (folder / "asks.yml").write_text(ARTILLERY.format(url=about["url"], users=len(about["tokens"])))
    return ["artillery", "run", "asks.yml"]


def _tsung(folder: Path, about: dict[str, Any]) -> list[str]:
    (folder / "tokens.csv").write_text("\n".join(about["tokens"]) + "\n")
    said = "Quote my reference %%_token_n%% in your answer."
    message = {
        "type": "user_message",
        "payload": {"content": said, "message": said},
        "message_id": "tsung-0123456789abcdef",
        "thread_id": "thread",
    }
    port = about["url"].rpartition(":")[2].partition("/")[0]
    dtd = next(
        (str(path) for path in map(Path, ("/usr/share/tsung/tsung-1.0.dtd", "/usr/local/share/tsung/tsung-1.0.dtd")) if path.exists()), ""
    )
    text = json.dumps(message).replace('"', "&quot;").replace("%%_token_n%%", "0123456789abcdef")
    (folder / "asks.xml").write_text(
        TSUNG.format(
            dtd=dtd,
            users=len(about["tokens"]),
            port=port,
            folder=folder,
            messages=about["messages"],
            message=text,
            room=2 * len(about["tokens"]),
        )
    )
    return ["tsung", "-f", str(folder / "asks.xml"), "-l", str(folder / "log"), "-n", "start"]


_COMMANDS: Final[dict[str, Callable[[Path, dict[str, Any]], list[str]]]] = {
    "k6": _k6,
    "artillery": _artillery,
    "locust": _locust,
    "tsung": _tsung,
}
