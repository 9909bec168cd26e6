"""The peer's side of `npm run bench -- --peer PYTHON`, told by its standard input when to work.

Says in a line of JSON what it is; answers each line `round` with the milliseconds and the processor time that working once took; at the end of its
input it says its peak memory and ends. See bench/README.md.
"""

import argparse
import json
import platform
import resource
import sys
import time

import torch

from networks import NETWORKS
from reference import Reference
from tuned import Tuned


def main():
    options = _options()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    images = torch.rand(options.batch, 3, options.size, options.size)
    labels = torch.arange(options.batch) % 2
    model = NETWORKS[options.network]()
    if options.recipe == "reference":
        side = Reference(model, images, labels, options.work, options.monitors)
    else:
        side = Tuned(model, images, labels, options.work, options.precision)
    _say(
        framework=f"PyTorch {torch.__version__}, Python {platform.python_version()}",
        precision=options.precision if options.recipe == "tuned" else "float32",
        threads=torch.get_num_threads(),
        parameters=sum(parameter.numel() for parameter in model.parameters()),
    )
    for line in sys.stdin:
        if line.strip() != "round":
            raise SystemExit(f"expected 'round', not {line!r}")
        start, cpu = time.perf_counter(), time.process_time()
        side.round()
        _say(ms=(time.perf_counter() - start) * 1000, cpu_ms=(time.process_time() - cpu) * 1000)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _say(peak_memory_mb=peak / (2**20 if sys.platform == "darwin" else 1024))


def _options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", choices=["reference", "tuned"], required=True)
    parser.add_argument("--work", choices=["plain", "fgsm", "blur", "evaluate"], required=True)
    parser.add_argument("--network", choices=sorted(NETWORKS), required=True)
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--no-monitors", dest="monitors", action="store_false")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    return parser.parse_args()


def _say(**answer):
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
