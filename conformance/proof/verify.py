"""Verifies an export of a log of changes, or one of an audit log with its proof:
written from docs/proof.md alone.

    verify.py EXPORT [--key KEY] [--checkpoint FILE]...

Prints each finding as a line of JSON with its kind and index, and ends with
exit code 0 where there is no fault. Needs nothing but Python 3.
"""

import base64
import hashlib
import hmac
import itertools
import json
import re
import sys

WIDTH = 256
SYSTEM = "https://pestle-fhir.github.io/CodeSystem/log"


# Ed25519, verification only (RFC 8032, 5.1).

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def x_of(y, sign):
    """The x of a point by its y, None where there is none."""
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if square == 0:
        return None if sign else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P:
        return None
    return P - x if x & 1 != sign else x


def point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    x = x_of(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


def add(a, b):
    m = (a[1] - a[0]) * (b[1] - b[0]) % P
    n = (a[1] + a[0]) * (b[1] + b[0]) % P
    t, z = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = n - m, z - t, z + t, n + m
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, a):
    out = (0, 1, 1, 0)
    while n:
        if n & 1:
            out = add(out, a)
        a, n = add(a, a), n >> 1
    return out


def same(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = x_of(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def signed(public, message, signature):
    """Whether a signature of a message is the key's."""
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r = point(public), point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= ORDER:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    return same(times(s, BASE), add(r, times(h, a)))


# Checkpoints.


class Key:
    def __init__(self, text):
        self.name, self.id, data = text.strip().split("+", 2)
        data = base64.b64decode(data, validate=True)
        if data[0] != 1 or len(data) != 33 or hashlib.sha256(self.name.encode() + b"\n" + data).hexdigest()[:8] != self.id:
            raise ValueError("not the key of a log: " + text)
        self.public = data[1:]

    def of(self, log):
        """The key under the name of another log."""
        name, data = self.name + "/" + log, b"\x01" + self.public
        return Key("%s+%s+%s" % (name, hashlib.sha256(name.encode() + b"\n" + data).hexdigest()[:8], base64.b64encode(data).decode()))

    def open(self, note):
        """Size and root of a checkpoint, None where it is not signed."""
        text, found, lines = note.partition("\n\n")
        text += "\n"
        parts = text.split("\n")
        if not found or len(parts) < 4 or parts[0] != self.name:
            return None
        for line in lines.splitlines():
            mark, name, data = (line.split(" ") + ["", ""])[:3]
            if mark != "\u2014" or name != self.name:
                continue
            try:
                data = base64.b64decode(data, validate=True)
            except ValueError:
                return None
            if data[:4].hex() == self.id:
                if not signed(self.public, text.encode(), data[4:]):
                    return None
                return int(parts[1]), base64.b64decode(parts[2])
        return None


# The tree.


def digest(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def root(hashes):
    if not hashes:
        return digest()
    edge = []  # of subtrees, the largest first: [leaves, hash]
    for h in hashes:
        edge.append([1, h])
        while len(edge) > 1 and edge[-1][0] == edge[-2][0]:
            n, right = edge.pop()
            edge[-1] = [2 * n, digest(b"\x01", edge[-1][1], right)]
    out = edge.pop()[1]
    while edge:
        out = digest(b"\x01", edge.pop()[1], out)
    return out


def mac(salt, data):
    return hmac.new(salt, data, hashlib.sha256).digest()


def data_of(entry, name):
    return base64.b64decode(entry.get(name, ""))


def leaf_hash(entry):
    commit = data_of(entry, "contentCommit") if "contentCommit" in entry else mac(data_of(entry, "contentSalt"), data_of(entry, "content"))
    envelope = b""
    for name in ("type", "id", "version", "agent", "display", "organisation", "client", "roles", "purpose", "requestId"):
        value = entry.get(name, "")
        text = ("\x00".join(value) if isinstance(value, list) else value).encode()
        envelope += len(text).to_bytes(4, "big") + text
    return digest(b"\x00PL1\x00", entry["seq"].to_bytes(8, "big"), entry["time"].to_bytes(8, "big"), bytes([entry["op"]]),
                  mac(data_of(entry, "envelopeSalt"), envelope + commit))


def tile_name(level, n):
    text = "%03d" % (n % 1000)
    n //= 1000
    while n:
        text = "x%03d/" % (n % 1000) + text
        n //= 1000
    return "%d/%s" % (level, text)


def following(hashes, among):
    out, at = [0] * len(hashes), len(hashes)
    for i in range(len(hashes) - 1, -1, -1):
        if hashes[i] in among:
            at = i
        out[i] = at
    return out


class Verification:
    def __init__(self, key, checkpoints):
        self.key, self.given = key, checkpoints
        self.found = set()
        self.index, self.hashes, self.wrong = [], [], {}  # by line: index, stored hash; computed hash where it differs
        self.whole = True
        self.tiles, self.purged, self.purges, self.lost = {}, [], {}, []

    def find(self, kind, index):
        self.found.add((index, kind))

    def read(self, lines):
        head = json.loads(next(lines))
        if head.get("format") != "pestle-log/1":
            raise ValueError("not an export of a log")
        if self.key is None and head.get("key"):
            self.key = Key(head["key"])
        self.given += head.get("checkpoints", [])
        expected, before = 0, (0, 0)
        for text in lines:
            line = json.loads(text)
            if "tile" in line:
                data = base64.b64decode(line.get("hashes") or "")
                self.tiles[line["tile"]] = [data[i:i + 32] for i in range(0, len(data) // 32 * 32, 32)]
                continue
            for i in range(expected, line["index"]):
                self.find("missing", i)
            if line["index"] < expected:
                self.find("extra", line["index"])
            if line["seq"] < before[0] or line["time"] < before[1]:
                self.find("reordered", line["index"])
            expected, before = line["index"] + 1, (line["seq"], line["time"])
            self.version(line)

    def version(self, entry):
        stored = data_of(entry, "hash")
        if len(stored) != 32:
            self.whole, stored = False, bytes(32)
        self.index.append(entry["index"])
        self.hashes.append(stored)
        if entry.get("lost") or not entry.get("envelopeSalt"):
            self.find("missing", entry["index"])
            return
        computed = leaf_hash(entry)
        if computed != stored:
            self.wrong[len(self.hashes) - 1] = computed
        if "contentCommit" in entry:
            self.purged.append((entry["index"], "%s/%s/_history/%s" % (entry["type"], entry["id"], entry["version"])))
        if entry["type"] == "AuditEvent" and SYSTEM.encode() in data_of(entry, "content"):
            self.record(entry["index"], json.loads(data_of(entry, "content")))

    def record(self, index, event):
        subtype = (event.get("subtype") or [{}])[0]
        if subtype.get("system") != SYSTEM:
            return
        for entity in event.get("entity", []):
            if subtype.get("code") == "purge":
                self.purges[entity.get("what", {}).get("reference", "")] = index
            for detail in entity.get("detail", []):
                if subtype.get("code") == "recovery" and detail.get("type") == "checkpoint":
                    self.lost.append((index, detail.get("valueString", "")))

    def rows(self):
        stored = set(self.hashes)
        for row, computed in self.wrong.items():
            self.find("reordered" if computed in stored else "changed", self.index[row])

    def compare(self):
        logged, n = [], 0
        while len(self.tiles.get(tile_name(0, n), [])) == WIDTH:
            logged += self.tiles[tile_name(0, n)]
            n += 1
        if len(logged) < len(self.hashes) // WIDTH * WIDTH:
            self.find("missing", len(logged))
        self.align(logged)
        for level in range(1, 7):
            n = 0
            while tile_name(level, n) in self.tiles:
                for k, h in enumerate(self.tiles[tile_name(level, n)]):
                    below = self.tiles.get(tile_name(level - 1, WIDTH * n + k), [])
                    if len(below) != WIDTH or root(below) != h:
                        self.find("changed", (WIDTH * n + k) * WIDTH**level)
                n += 1

    def align(self, t):
        r = self.hashes
        in_t, in_r = set(t), set(r)
        kept, known = following(t, in_r), following(r, in_t)
        i = j = 0
        while i < len(t) and j < len(r):
            if t[i] == r[j]:
                i, j = i + 1, j + 1
            elif t[i] not in in_r and r[j] in in_t and (kept[i] == len(t) or t[kept[i]] == r[j]):
                for i in range(i, kept[i]):
                    self.find("missing", i)
                i += 1
            elif t[i] in in_r and r[j] not in in_t and known[j] < len(r) and r[known[j]] == t[i]:
                for j in range(j, known[j]):
                    self.find("extra", self.index[j])
                j += 1
            else:
                self.find("reordered" if r[j] in in_t else "changed", self.index[j])
                i, j = i + 1, j + 1
        for i in range(i, len(t)):
            self.find("missing", i)

    def erased(self):
        for index, address in self.purged:
            self.find("purged" if self.purges.get(address, -1) > index else "missing", index)

    def checkpoints(self):
        opened = []
        for note in self.given:
            c = self.key.open(note) if self.key else None
            if c is None:
                self.find("unsigned", 0)
                continue
            opened.append(c)
            lost = [index for index, text in self.lost if self.key.open(text) == c]
            if lost:
                self.find("recovered", lost[-1])
            elif c[0] > len(self.hashes):
                self.find("truncated", c[0])
            elif self.whole and root(self.hashes[:c[0]]) != c[1]:
                self.find("forked", c[0])
        if not opened:
            self.find("unsigned", 0)
        for size, h in opened:
            if any(other == size and o != h for other, o in opened):
                self.find("forked", size)

    def run(self, lines):
        self.read(lines)
        self.rows()
        self.compare()
        self.erased()
        self.checkpoints()
        return sorted(self.found)


class Reader:
    """Reads the record of an event."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def bytes(self, n):
        if self.at + n > len(self.data):
            raise ValueError("too short")
        self.at += n
        return self.data[self.at - n:self.at]

    def varint(self):
        out = 0
        for shift in range(0, 64, 7):
            byte = self.bytes(1)[0]
            out |= (byte & 127) << shift
            if byte < 128:
                return out
        raise ValueError("not a varint")

    def text(self):
        return self.bytes(self.varint()).decode(errors="replace")

    def skip_if_new(self):
        n = self.varint()
        if n:
            self.bytes(n - 1)

    def event(self):
        """Interaction and target."""
        if self.bytes(1) != b"\x01":
            raise ValueError("another format")
        for _ in range(3):
            self.varint()
        texts = [self.text() for _ in range(11)]
        for _ in range(self.varint()):
            for _ in range(3):
                self.skip_if_new()
            for _ in range(self.varint()):
                self.skip_if_new()
        if self.at != len(self.data):
            raise ValueError("too long")
        return texts[0], texts[9]


class Accesses:
    """The verification of an audit log."""

    def __init__(self, key, checkpoints):
        self.key, self.given, self.signed = key, checkpoints, []
        self.found, self.stack, self.roots = set(), [], {}
        self.next, self.whole = 0, True
        self.absent, self.kept, self.lost = [], [], []

    def find(self, kind, index):
        self.found.add((index, kind))

    def open(self):
        if self.key is None and self.head.get("key"):
            self.key = Key(self.head["key"])
        for note in self.given + self.head.get("checkpoints", []):
            c = self.key.open(note) if self.key else None
            if c is None:
                self.find("unsigned", 0)
            else:
                self.signed.append(c)
        if not self.signed:
            self.find("unsigned", 0)
        self.rooted()

    def rooted(self):
        if self.whole and any(size == self.next for size, _ in self.signed):
            out = self.stack[-1][1] if self.stack else digest()
            for _, left in reversed(self.stack[:-1]):
                out = digest(b"\x01", left, out)
            self.roots[self.next] = out

    def follows(self, index):
        if index < self.next:
            self.find("extra", index)
            return False
        if index > self.next:
            self.find("missing", self.next)
            self.whole, self.next = False, index
        return True

    def add(self, level, h):
        self.next += 1 << level
        while self.stack and self.stack[-1][0] == level:
            level, h = level + 1, digest(b"\x01", self.stack.pop()[1], h)
        self.stack.append((level, h))
        self.rooted()

    def subtree(self, index, level, h):
        if not 0 <= level <= 57 or index % (1 << level) or len(h) != 32:
            self.find("extra", index)
            return
        self.absent.append((index, index + (1 << level)))
        self.add(level, h)

    def event(self, line):
        index, number, record, stored = line["index"], line["number"], data_of(line, "record"), data_of(line, "hash")
        h = digest(b"\x00PA1\x00", number.to_bytes(8, "big"), mac(data_of(line, "salt"), record))
        if number != self.base + index or h != stored:
            self.find("changed", index)
        try:
            interaction, target = Reader(record).event()
            self.statement(interaction, target, number, index)
        except ValueError:
            self.find("changed", index)
        self.add(0, stored if len(stored) == 32 else h)

    def statement(self, interaction, target, number, index):
        said = re.match(r"events ([0-9]{1,19}) to ([0-9]{1,19}),", target)
        if interaction == "delete-retained" and said and int(said[2]) < number:
            self.kept.append((int(said[1]), int(said[2]) + 1))
        if interaction == "recovered":
            self.lost.append((index, target))

    def runs(self):
        out, places = [], (self.head.get("from", 0), self.head.get("to", 0))
        for begin, end in self.absent:
            if out and out[-1][1] == begin and begin not in places:
                out[-1] = (out[-1][0], end)
            else:
                out.append((begin, end))
        return out

    def end(self):
        if self.next < self.head.get("size", 0):
            self.find("missing", self.next)
        for begin, end in self.runs():
            number = self.base + begin
            for first, behind in sorted(self.kept):
                if first <= number < behind:
                    number = behind
            if self.head.get("part") and (end <= self.head.get("from", 0) or begin >= self.head.get("to", 0)):
                self.find("outside", begin)
            else:
                self.find("expired" if number >= self.base + end else "missing", begin)
        for c in self.signed:
            lost = [index for index, text in self.lost if self.key.open(text) == c]
            if lost:
                self.find("recovered", lost[-1])
            elif c[0] > self.next:
                self.find("truncated", c[0])
            elif c[0] in self.roots:
                if self.roots[c[0]] != c[1]:
                    self.find("forked", c[0])
            elif self.whole:
                self.find("unsigned", c[0])
            if any(size == c[0] and h != c[1] for size, h in self.signed):
                self.find("forked", c[0])

    def run(self, head, lines):
        self.head, self.base = head, head.get("base", 0)
        self.open()
        for text in lines:
            line = json.loads(text)
            if not self.follows(line["index"]):
                continue
            if "root" in line:
                self.subtree(line["index"], line["level"], data_of(line, "root"))
            else:
                self.event(line)
        self.end()
        return sorted(self.found)


def main(args):
    export, key, checkpoints = None, None, []
    while args:
        arg = args.pop(0)
        if arg == "--key":
            key = args.pop(0)
        elif arg == "--checkpoint":
            with open(args.pop(0), encoding="utf-8") as f:
                checkpoints.append(f.read())
        else:
            export = arg
    with open(export, encoding="utf-8") as f:
        first = next(f)
        head = json.loads(first)
        if head.get("format") == "pestle-audit/1":
            found = Accesses(Key(key).of("audit") if key else None, checkpoints).run(head, f)
        else:
            found = Verification(Key(key) if key else None, checkpoints).run(itertools.chain([first], f))
    for index, kind in found:
        print(json.dumps({"kind": kind, "index": index}, separators=(",", ":")))
    return 1 if any(kind not in ("purged", "recovered", "expired", "outside") for _, kind in found) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
