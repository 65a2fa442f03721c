#!/usr/bin/env python3
"""topics_fit.py FAMILY GOLD.jsonl EXPLAINED.jsonl [EXPLAINED_WITHOUT_DATELINE.jsonl]: fits [scoring.FAMILY].

Needs numpy and scikit-learn (pip, in a scratch environment). EXPLAINED is what

    cargo run --example tag_batch -- --taxonomy config/topics --explain [--no-dateline] < GOLD.jsonl

prints: every mention with its zone and weight. The script sums them as src/topics/score.rs does, fits the log-odds by
logistic regression, chooses the bias for micro + macro F1, and reports each fold of a five-fold cross-validation
(documents never on both sides). The last lines are the TOML to paste. Mention weights ([weights]) stay as they are.
"""
import collections, json, math, sys
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

NAMES = ["title", "dateline", "lead", "body", "listed", "long_list", "late", "length", "rank", "alone"]
# Historical states count as their successors, as in the scorer.
SUCCESSOR = {"country:su": "country:ru", "country:yu": "country:rs", "country:cs": "country:cz",
             "country:dd": "country:de", "country:yd": "country:ye"}
LIST_GAP = 20


def gold(path, family):
    field = {"country": "places", "org": "orgs"}[family]
    documents = {}
    for line in open(path):
        document = json.loads(line)
        labels = {SUCCESSOR.get(label, label) for label in document["labels"][field]}
        documents[document["id"]] = (labels, max(1, len(document["body"])))
    return documents


def list_lengths(mentions):
    """As `enumerations` in score.rs."""
    members = [m for m in mentions if m["field"] == "body" and m["zone"] != "dateline"
               and m["kind"] in ("names", "demonyms", "acronyms")]
    lengths, run = {}, []
    for mention in members + [None]:
        if run and (mention is None or mention["start"] - run[-1]["end"] > LIST_GAP):
            topics = {m["topic"] for m in run}
            lengths.update({id(m): len(topics) for m in run})
            run = []
        if mention:
            run.append(mention)
    return lengths


def documents(path, gold_of, family, sums):
    """For each document: topics, their features, whether each is right, and how many right ones are never named."""
    for line in open(path):
        record = json.loads(line)
        labels, body_length = gold_of[record["id"]]
        if not labels and family == "country":
            continue
        mentions = [m for m in record["mentions"] if m["kept"] and (m["topic"] or "").startswith(family + ":")]
        mentions.sort(key=lambda m: (m["field"] == "body", m["start"]))
        lengths = list_lengths(mentions)
        per_topic = collections.defaultdict(list)
        for mention in mentions:
            per_topic[SUCCESSOR.get(mention["topic"], mention["topic"])].append(mention)
        rows = {topic: features(own, lengths, body_length) for topic, own in per_topic.items()}
        strengths = {topic: float(np.dot(sums, row[:4])) for topic, row in rows.items()}
        strongest = max(strengths.values(), default=1.0) or 1.0
        for topic, row in rows.items():
            row += [strengths[topic] / strongest, float(len(rows) == 1)]
        yield record["id"], labels, rows


def features(mentions, lengths, body_length):
    total, best = collections.Counter(), collections.Counter()
    for mention in mentions:
        total[mention["zone"]] += mention["weight"]
        best[mention["zone"]] = max(best[mention["zone"]], mention["weight"])
    listed = max((lengths.get(id(m), 0) for m in mentions), default=0)
    starts = [m["start"] / body_length for m in mentions if m["zone"] in ("lead", "body")]
    return [best["title"], best["dateline"], math.log1p(total["lead"]), math.log1p(total["body"]),
            float(listed >= 3), float(listed >= 5), min(starts, default=1.0),
            math.log(min(max(body_length, 50), 8000) / 1000)]


def f1(counts):
    return 2 * counts[0] / max(1, 2 * counts[0] + counts[1] + counts[2])


def measure(documents, chosen, without=()):
    per_class = collections.defaultdict(lambda: [0, 0, 0])
    for (_, labels, _), tags in zip(documents, chosen):
        labels, tags = labels - set(without), tags - set(without)
        if not labels and without:
            continue
        for topic in labels | tags:
            per_class[topic][0 if topic in labels and topic in tags else 1 if topic in tags else 2] += 1
    totals = [sum(counts[k] for counts in per_class.values()) for k in range(3)]
    classes = [f1(counts) for counts in per_class.values() if counts[0] + counts[2] >= 5]
    return f1(totals), sum(classes) / max(1, len(classes))


def choose(documents, weights, bias):
    return [{topic for topic, row in rows.items() if np.dot(weights, row) + bias >= 0} for _, _, rows in documents]


def fit(parts, indices):
    X, Y, W = [], [], []
    for part, weight in parts:
        for index in indices:
            _, labels, rows = part[index]
            for topic, row in rows.items():
                X.append(row), Y.append(topic in labels), W.append(weight)
    model = LogisticRegression(max_iter=2000, C=3).fit(np.array(X), np.array(Y), sample_weight=np.array(W))
    return model.coef_[0], model.intercept_[0]


def views(parts, indices, weights, bias):
    row = []
    for part, _ in parts:
        chosen = [part[index] for index in indices]
        tags = choose(chosen, weights, bias)
        row += [*measure(chosen, tags), *measure(chosen, tags, ("country:us",))]
    return row


def main():
    family, gold_path, *explained = sys.argv[1:]
    gold_of = gold(gold_path, family)
    sums = np.array([2.0, 4.0, 1.4, 1.1])
    for _ in range(2):  # `rank` needs the sums that are being fitted
        parts = [(list(documents(path, gold_of, family, sums)), weight)
                 for path, weight in zip(explained, (1.0, 0.3))]
        everything = range(len(parts[0][0]))
        weights, intercept = fit(parts, everything)
        sums = np.maximum(weights[:4], 0.01)
    shifts = np.arange(-0.6, 2.0, 0.1)
    ids = [document[0] for document in parts[0][0]]
    rows = []
    for train, test in GroupKFold(5).split(ids, groups=ids):
        own, bias = fit(parts, train)
        shift = max(shifts, key=lambda s: sum(views(parts, train, own, bias + s)))
        rows.append(views(parts, test, own, bias + shift))
        print("fold  ", " ".join(f"{value:.3f}" for value in rows[-1]), f"shift {shift:.1f}")
    print("mean  ", " ".join(f"{value:.3f}" for value in np.mean(rows, axis=0)))
    print("        (micro, macro, the same without country:us; then the second file; macro of a fold has few documents)")
    shift = max(shifts, key=lambda s: sum(views(parts, everything, weights, intercept + s)))
    print("all   ", " ".join(f"{value:.3f}" for value in views(parts, everything, weights, intercept + shift)))
    print(f"[scoring.{family}]\nbias = {intercept + shift:.2f}")
    print("\n".join(f"{name} = {weight:.2f}" for name, weight in zip(NAMES, weights)))


main()
