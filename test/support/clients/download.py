"""Downloads by python3-requests as its users do: download.py whole|resume|part|again URL FILE [FROM]."""

import os
import sys

import requests

how, url, name, *between = sys.argv[1:]
tags = name + ".etag"
headers = {}
if how == "resume":
    headers["Range"] = f"bytes={os.path.getsize(name)}-"
if how == "part":
    headers["Range"] = f"bytes={between[0]}-"
if how == "again":
    with open(tags, encoding="ascii") as kept:
        headers["If-None-Match"] = kept.read()

with requests.get(url, headers=headers, stream=True, timeout=30) as answer:
    if answer.status_code == 304:
        print("304")
        sys.exit(0)
    answer.raise_for_status()
    if how == "part" and answer.status_code != 206:
        sys.exit(f"{answer.status_code} instead of a part")
    with open(name, "ab" if how == "resume" and answer.status_code == 206 else "wb") as file:
        for chunk in answer.iter_content(1 << 20):
            file.write(chunk)
    with open(tags, "w", encoding="ascii") as kept:
        kept.write(answer.headers["ETag"])
