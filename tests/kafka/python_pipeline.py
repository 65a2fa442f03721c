"""The same parts in Python: URLs from Kafka, pages by httpx, articles by trafilatura with metadata, a set of short links,
events to Kafka. What newswire's throughput is measured against; see against_python.rs."""

import json
import sys
import time

import httpx
import trafilatura
from confluent_kafka import Consumer, Producer

brokers, group, urls, articles, proxy, idle_seconds = sys.argv[1:7]
consumer = Consumer({
    "bootstrap.servers": brokers, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False,
})
producer = Producer({"bootstrap.servers": brokers, "enable.idempotence": True, "linger.ms": 5})
client = httpx.Client(proxy=proxy, timeout=30, follow_redirects=True)
consumer.subscribe([urls])
seen = set()
last = time.monotonic()
while time.monotonic() - last < float(idle_seconds):
    message = consumer.poll(0.2)
    if message is None or message.error():
        continue
    last = time.monotonic()
    url = message.value().decode()
    try:
        page = client.get(url)
        found = trafilatura.bare_extraction(page.text, url=url, with_metadata=True)
    except Exception as problem:
        print(f"{url}: {problem!r}", file=sys.stderr)
        found = None
    if found is not None:
        article = found.as_dict()
        name = article.get("id") or article.get("url") or url
        if name not in seen:
            seen.add(name)
            event = {key: str(article.get(key)) for key in ("title", "author", "date", "sitename", "text")}
            producer.produce(articles, key=name.encode(), value=json.dumps({"url": url, **event}).encode())
            producer.poll(0)
    consumer.commit(message, asynchronous=True)
producer.flush()
consumer.close()
