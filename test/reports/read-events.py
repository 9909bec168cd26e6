"""Prints as JSON what TensorBoard's own reader finds in a log folder. Usage: read-events.py LOGDIR"""
import json
import struct
import sys

from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2 as hparams_pb2
from tensorboard.plugins.pr_curve import plugin_data_pb2 as pr_curve_pb2
from tensorboard.util import tensor_util


def value_of(plugin, tensor):
    array = tensor_util.make_ndarray(tensor)
    if plugin == "images":
        width, height, png = array.tolist()
        # a PNG's IHDR chunk: width and height as big-endian integers from byte 16
        inside = struct.unpack(">II", png[16:24])
        return {"said": [int(width), int(height)], "inside": list(inside), "png": list(png)}
    if array.dtype == object:
        return [text.decode() for text in array.reshape(-1).tolist()]
    return array.tolist()


def content_of(plugin, content):
    if plugin == "pr_curves":
        return {"numThresholds": pr_curve_pb2.PrCurvePluginData.FromString(content).num_thresholds}
    if plugin != "hparams":
        return None
    data = hparams_pb2.HParamsPluginData.FromString(content)
    kind = data.WhichOneof("data")
    if kind == "experiment":
        return {
            "hparams": {info.name: info.type for info in data.experiment.hparam_infos},
            "metrics": [info.name.tag for info in data.experiment.metric_infos],
        }
    if kind == "session_start_info":
        start = data.session_start_info
        return {
            "hparams": {
                name: getattr(value, value.WhichOneof("kind")) for name, value in start.hparams.items()
            },
            "started": start.start_time_secs,
        }
    return {"status": data.session_end_info.status, "ended": data.session_end_info.end_time_secs}


events = EventAccumulator(sys.argv[1], size_guidance={"tensors": 0})
events.Reload()
found = {}
for tag in events.Tags()["tensors"]:
    metadata = events.SummaryMetadata(tag)
    plugin = metadata.plugin_data.plugin_name
    found[tag] = {
        "plugin": plugin,
        "dataClass": metadata.data_class,
        "content": content_of(plugin, metadata.plugin_data.content),
        "steps": [event.step for event in events.Tensors(tag)],
        "values": [value_of(plugin, event.tensor_proto) for event in events.Tensors(tag)],
    }
print(json.dumps(found))
