"""``mt3-demos push``: upload the demonstrations to an object store."""

import argparse
from collections import Counter
from dataclasses import asdict

from rich.console import Console

from demos.cli.progress import tracked
from demos.cli.reports import print_set_aside
from demos.cli.subcommand import Subcommand
from demos.library import DemoLibrary
from demos.remote.pushing import Pushed, Pusher
from mt3.cli.outcome import ExitCode, Outcome


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("url", metavar="s3://BUCKET/PREFIX")


def _run(arguments: argparse.Namespace, console: Console) -> Outcome:
    pusher = Pusher(DemoLibrary.open(arguments.library), arguments.url)
    results: list[Pushed] = [
        pusher.push(name) for name in tracked(pusher.names(), "pushed", console)
    ]
    refused = [
        {"id": result.demo_id, "reason": result.reason} for result in results if result.reason
    ]
    if not arguments.json:
        print_set_aside(console, "not pushed", refused)
    counts = Counter(result.outcome for result in results)
    console.print(
        f"{counts['pushed']} pushed, {counts['present']} already there, {len(refused)} not pushed"
    )
    code = ExitCode.BAD_INPUT if refused else ExitCode.SUCCESS
    return Outcome(code, {"url": arguments.url, "pushed": [asdict(result) for result in results]})


SUBCOMMAND = Subcommand(
    name="push",
    help_lines="""\
  mt3-demos push s3://BUCKET/PREFIX  upload what is not there yet; may be interrupted and repeated.
                                   AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and so on say where and who.
                                   ls, show, check, stats and mt3-run read it as a library""",
    add_arguments=_add_arguments,
    run=_run,
)
