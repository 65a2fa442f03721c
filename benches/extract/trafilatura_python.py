"""trafilatura (Python) over the pages that bench-extract reads: pages a second of processor time, metadata included.

Run by `bench-extract --python FILE`, where FILE is an interpreter with trafilatura and lxml_html_clean from PyPI.
"""

import json
import sys
import time
from importlib.metadata import version

from trafilatura import bare_extraction

PASSES = 3


def read(pages):
    """How many were extracted, and the seconds of processor time that it took."""
    started = time.process_time()
    found = sum(bare_extraction(page["html"], url=page["url"], with_metadata=True) is not None for page in pages)
    return found, time.process_time() - started


pages = [json.loads(line) for line in sys.stdin]
found, took = min((read(pages) for _ in range(PASSES)), key=lambda result: result[1])
print(f"| trafilatura {version('trafilatura')}, Python | {len(pages) / took:.1f} | ({found} of {len(pages)} extracted)")
