"""Serve a few POSTs in a process of its own and say how long each took: one_page USER PATH FIELDS ...

A process of its own, because what a page waits for (connections, their limits) lives in the process.
"""
# ruff: noqa: E402 – Django is set up before its models are imported

import json
import os
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "csp_portal.settings")
django.setup()

from django.test import Client

from accounts.models import User


def main(user: str, *posts: str) -> None:
    """POST each pair of path and fields (as JSON) as this user, who is signed in beforehand; nobody if it is 0."""
    client = Client(SERVER_NAME="localhost")
    if user != "0":
        client.force_login(User.objects.get(pk=user))
    client.get("/account/login/")  # what a process does once (templates, addresses) is done
    answers = []
    for path, fields in zip(posts[::2], posts[1::2], strict=True):
        began = time.monotonic()
        response = client.post(path, json.loads(fields))
        answers.append([response.status_code, time.monotonic() - began])
    print(json.dumps(answers))


main(*sys.argv[1:])
