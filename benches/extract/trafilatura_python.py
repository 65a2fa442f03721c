"""trafilatura (Python) over the pages that bench-extract reads: pages a second of processor time, metadata included.

    pip install trafilatura lxml_html_clean
    python3 benches/extract/trafilatura_python.py < pages.jsonl
"""

import json
import sys
import time

from trafilatura import bare_extraction

pages = [json.loads(line) for line in sys.stdin]
started = time.process_time()
found = sum(bare_extraction(page["html"], url=page["url"], with_metadata=True) is not None for page in pages)
took = time.process_time() - started
print(f"{len(pages)} pages, {found} extracted, {len(pages) / took:.1f} pages/s")
