#!/usr/bin/env python3
"""Fits the body chooser: gradient-boosted trees over the block features.

    cargo build --example extract_features
    tools/fit_body_model.py DATA FEATURES [--write src/extract/body/model/trees.txt] [--ceiling] [--without 59-61,91]
                            [--folds DIR]

DATA is the folder with the development sets (`wcxb_dev`, `daniel`, `trafilatura`, each with `gold.json`),
FEATURES the folder with one `SET.feat.jsonl` each, as `extract_features` writes it.
Figures are cross-validated by site: no site is both in the pages that a fold is fitted to and in those it is judged by.
What is written is fitted to all pages. Needs numpy and lightgbm.
`--folds` writes the trees of each fold as `DIR/trees.N.txt` and the ids of the pages they were not fitted to as
`DIR/pages.N.txt`: a binary built with those trees that reads those pages judges the whole engine cross-validated.
`--without` leaves these columns of the features out, to see what they bring; what is written then is of no use.

A second stage that saw the first one's results for a block's neighbours was tried: it gained nothing.
"""
import json
import os
import re
import sys
from collections import Counter
from urllib.parse import urlsplit

import lightgbm
import numpy

FOLDS = 4
# Of the light blocks (menus, teasers) this share is fitted to, with their weight made up for: they are all alike.
LIGHT, LIGHT_SHARE = 0.6, 0.35
CJK = '\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff'
TOKEN = re.compile(f'[{CJK}]|[^\\W{CJK}]+')
PARAMETERS = dict(objective='cross_entropy', learning_rate=0.06, num_leaves=28, min_data_in_leaf=60, feature_fraction=0.4,
              bagging_fraction=0.7, bagging_freq=1, lambda_l2=5.0, verbose=-1, num_threads=1, max_bin=63, seed=7)
ROUNDS = 200
LOOK_EVERY = 10


def tokens(text):
    return TOKEN.findall(text or '')


def shingles(text, n=4):
    t = tokens(text)
    return Counter(tuple(t[i:i + n]) for i in range(max(1, len(t) - n + 1)) if t)


def squash(text):
    return ' '.join(text.split())


def label_by_body(blocks, gold):
    """Share of a block's shingles that the gold has; short blocks must be a whole line or stand in the gold as they are."""
    known = shingles(gold)
    lines = {squash(line).lower() for line in gold.split('\n')}
    flat = squash(gold).lower()
    labels = []
    for block in blocks:
        text = squash(block['text'])
        count = len(tokens(text))
        if count >= 6:
            own = shingles(text)
            labels.append(sum(c for s, c in own.items() if s in known) / sum(own.values()))
        else:
            labels.append(1.0 if text.lower() in lines or (count >= 3 and text.lower() in flat) else 0.0)
    return labels


def label_by_snippets(blocks, wanted, unwanted):
    labels = []
    wanted, unwanted = [squash(w) for w in wanted], [squash(w) for w in unwanted]
    for block in blocks:
        text = squash(block['text'])
        if any(w in text for w in wanted):
            labels.append(1.0)
        elif any(w in text for w in unwanted):
            labels.append(0.0)
        else:
            labels.append(-1.0)
    return labels


def load(data, features):
    pages = []
    for name in ('wcxb_dev', 'daniel', 'trafilatura'):
        gold = json.load(open(os.path.join(data, name, 'gold.json')))
        for line in open(os.path.join(features, f'{name}.feat.jsonl')):
            page = json.loads(line)
            g = gold[page['id']]
            blocks = page['blocks']
            if not blocks:
                continue
            body = g.get('body') or ''
            if body:
                labels = label_by_body(blocks, body)
            else:
                labels = label_by_snippets(blocks, g.get('with', []), g.get('without', []))
            sizes = numpy.array([len(tokens(b['text'])) for b in blocks], float)
            if body:
                weights = (sizes + 4) / (len(tokens(body)) + 150) * 20
            else:
                weights = numpy.array([0.0 if l < 0 else 0.6 for l in labels])
            pages.append(dict(id=page['id'], set=name, site=urlsplit(g.get('url') or '').hostname or page['id'], body=body,
                              gold=g, texts=[b['text'] for b in blocks], labels=numpy.clip(numpy.array(labels), 0, 1),
                              weights=numpy.minimum(weights, 3.0), sizes=sizes,
                              rows=numpy.array([b['features'] for b in blocks], numpy.float32)))
    return pages


def fold_of(site):
    parts = site.split('.')
    key = '.'.join(parts[-2:]) if len(parts) < 3 or len(parts[-2]) > 3 else '.'.join(parts[-3:])
    return sum(ord(c) * (i + 7) for i, c in enumerate(key)) % FOLDS


def fit(pages):
    x = numpy.concatenate([p['rows'][p['fitted']] for p in pages])
    y = numpy.concatenate([p['labels'][p['fitted']] for p in pages])
    w = numpy.concatenate([p['fit_weights'][p['fitted']] for p in pages])
    return lightgbm.train(PARAMETERS, lightgbm.Dataset(x, y, weight=w), ROUNDS)


def judge(pages, key, threshold):
    precision, recall, tp, fn, fp = [], [], 0, 0, 0
    for page in pages:
        text = '\n'.join(t for t, p in zip(page['texts'], page[key]) if p > threshold)
        if page['body']:
            a, b = page.setdefault('shingles', shingles(page['body'])), shingles(text)
            common = sum((a & b).values())
            if sum(b.values()):
                precision.append(common / sum(b.values()))
            recall.append(common / max(1, sum(a.values())))
        elif page['gold'].get('with'):
            flat = squash(text)
            hits = sum(squash(w) in flat for w in page['gold']['with'])
            tp, fn = tp + hits, fn + len(page['gold']['with']) - hits
            fp += sum(squash(w) in flat for w in page['gold'].get('without', []))
    if not precision:
        return dict(snippets_f1=2 * tp / max(1, 2 * tp + fp + fn))
    p, r = numpy.mean(precision), numpy.mean(recall)
    return dict(P=p, R=r, F1=2 * p * r / (p + r))


def report(pages, key):
    for threshold in (0.35, 0.45, 0.55):
        line = [f'{name} ' + ' '.join(f'{k} {v:.4f}' for k, v in judge([p for p in pages if p['set'] == name], key, threshold).items())
                for name in ('wcxb_dev', 'daniel', 'trafilatura')]
        print(key, threshold, ' | '.join(line), flush=True)


def probabilities(model, rows):
    """As the engine: a block that is hopeless after some trees is not shown to the others (`hopeless` in body/model.rs)."""
    sums, goes_on = numpy.zeros(len(rows)), numpy.ones(len(rows), bool)
    for done in range(0, ROUNDS, LOOK_EVERY):
        if not goes_on.any():
            break
        sums[goes_on] += model.predict(rows[goes_on], start_iteration=done, num_iteration=LOOK_EVERY, raw_score=True)
        given_up = goes_on & (sums < max(-1.2 - 0.03 * (done + LOOK_EVERY), -3.0))
        sums[given_up] = numpy.minimum(sums[given_up], -4.6)
        goes_on &= ~given_up
    return 1 / (1 + numpy.exp(-sums))


def cross_validated(pages, key, folder):
    for fold in range(FOLDS):
        model = fit([p for p in pages if fold_of(p['site']) != fold])
        unseen = [p for p in pages if fold_of(p['site']) == fold]
        for page in unseen:
            page[key] = probabilities(model, page['rows'])
        if folder:
            write(model, os.path.join(folder, f'trees.{fold}.txt'))
            with open(os.path.join(folder, f'pages.{fold}.txt'), 'w') as out:
                out.writelines(f"{page['set']} {page['id']}\n" for page in unseen)


def write(model, path):
    """One tree a line, in preorder: `feature threshold` then the left and the right subtree; `=value` is a leaf."""
    def walk(node):
        if 'leaf_value' in node:
            return [f"={node['leaf_value']:.5g}"]
        return [f"{node['split_feature']} {node['threshold']:.6g}"] + walk(node['left_child']) + walk(node['right_child'])
    with open(path, 'w') as out:
        for tree in model.dump_model()['tree_info']:
            out.write(' '.join(walk(tree['tree_structure'])) + '\n')


def main():
    data, features = sys.argv[1:3]
    pages = load(data, features)
    if '--without' in sys.argv:
        for part in sys.argv[sys.argv.index('--without') + 1].split(','):
            first, _, last = part.partition('-')
            for page in pages:
                page['rows'][:, int(first):int(last or first) + 1] = 0
    print(len(pages), 'pages', sum(len(p['labels']) for p in pages), 'blocks')
    random = numpy.random.default_rng(7)
    for page in pages:
        page['gold_labels'] = page['labels']
        weights = page['weights']
        light = (weights < LIGHT) & (page['labels'] < 0.5)
        drawn = random.random(len(weights)) < LIGHT_SHARE
        page['fitted'] = (weights > 0) & (~light | drawn)
        page['fit_weights'] = numpy.where(light, weights / LIGHT_SHARE, weights)
    print(sum(p['fitted'].sum() for p in pages), 'blocks fitted to', flush=True)
    if '--ceiling' in sys.argv:
        report(pages, 'gold_labels')
    cross_validated(pages, 'chosen', sys.argv[sys.argv.index('--folds') + 1] if '--folds' in sys.argv else None)
    report(pages, 'chosen')
    if '--write' in sys.argv:
        write(fit(pages), sys.argv[sys.argv.index('--write') + 1])


main()
