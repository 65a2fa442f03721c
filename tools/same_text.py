#!/usr/bin/env python3
"""Measures the bound under which two texts pass for versions of one article (SAME_TEXT_MAX_DISTANCE in
src/identity/fingerprint.rs).

    newswire extract --batch < pages.jsonl | tools/same_text.py

Two distributions of the Hamming distance between simhashes: of different articles of one site, which must lie above the
bound (or an article is swallowed), and of an article and edited versions of it, which should lie below (or it comes twice).
The simhash is computed anew for the edited texts, the way fingerprint.rs does it; that both agree is checked first."""

import collections
import itertools
import json
import random
import sys
import unicodedata

MASK = (1 << 64) - 1
UNSPACED = [(0xE00, 0xEFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x3400, 0x9FFF), (0xF900, 0xFAFF),
            (0x20000, 0x3FFFF)]


def stable_hash(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return value ^ (value >> 31)


def words_of(text):
    words, is_open = [], False
    for c in unicodedata.normalize("NFKC", text).lower():
        if any(first <= ord(c) <= last for first, last in UNSPACED):
            words.append(c)
            is_open = False
        elif c.isalnum():
            if is_open:
                words[-1] += c
            else:
                words.append(c)
            is_open = True
        else:
            is_open = False
    return words


def simhash(words, known={}):
    weights = [0] * 64
    for pair in zip(words, words[1:]):
        text = " ".join(pair)
        if text not in known:
            known[text] = stable_hash(text.encode())
        for bit in range(64):
            weights[bit] += 1 if known[text] >> bit & 1 else -1
    return sum(1 << bit for bit in range(64) if weights[bit] > 0)


def distance(a, b):
    return bin(a ^ b).count("1")


def edits(event, other, chance):
    texts = [block["text"] for block in event["paragraphs"] if block["kind"] != "caption"]
    words = words_of(event["body"])
    yield "last paragraph gone", words_of("\n".join(texts[:-1]))
    yield "first paragraph gone", words_of("\n".join(texts[1:]))
    yield "a third gone", words_of("\n".join(texts[: len(texts) - len(texts) // 3]))
    yield "half gone", words_of("\n".join(texts[: len(texts) // 2]))
    yield "two foreign paragraphs added", words_of("\n".join(texts + [b["text"] for b in other["paragraphs"][:2]]))
    for share in (0.05, 0.15, 0.3):
        new = lambda: "word%d" % chance.randrange(10_000)
        yield f"{share:.0%} of the words replaced", [new() if chance.random() < share else w for w in words]


def main():
    events = [event for event in map(json.loads, sys.stdin) if event.get("word_count", 0) >= 30]
    chance = random.Random(7)
    for event in chance.sample(events, min(40, len(events))):
        assert int(event["simhash"], 16) == simhash(words_of(event["body"])), "the simhash here is not the binary's"
    sites = collections.defaultdict(list)
    for event in events:
        sites[event["site"]].append(event)
    apart = sorted(
        distance(int(a["simhash"], 16), int(b["simhash"], 16))
        for site in sites.values()
        for a, b in itertools.combinations(site, 2)
        if a["title"] != b["title"] and a["content_hash"] != b["content_hash"]
    )
    near = collections.defaultdict(list)
    for event in chance.sample(events, min(400, len(events))):
        if len(event["paragraphs"]) >= 4:
            for kind, words in edits(event, chance.choice(events), chance):
                near[kind].append(distance(int(event["simhash"], 16), simhash(words)))
    print(f"{len(events)} articles, {len(apart)} pairs of one site: least {apart[:5]}, median {apart[len(apart) // 2]}")
    print(f"{'bound':>40}" + "".join(f"{bound:>8}" for bound in range(12, 25, 2)))
    row = lambda name, shares: print(f"{name:>40}" + "".join(f"{share:>8.2%}" for share in shares))
    row("different articles taken for one", [sum(d <= b for d in apart) / len(apart) for b in range(12, 25, 2)])
    for kind, distances in near.items():
        row(f"{kind}: told apart", [sum(d > b for d in distances) / len(distances) for b in range(12, 25, 2)])


if __name__ == "__main__":
    main()
