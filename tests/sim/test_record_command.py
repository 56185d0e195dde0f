import json

import numpy as np

from demos.cli.record import COMMAND
from demos.library import DemoLibrary
from mt3.cli.entry import run_hydra_command
from sim.robots import PANDA
from sim.workplace import build_model


def test_the_simulator_records_through_the_real_recorder(tmp_path, capfd):
    typed = ["task=push the box, please", f"library={tmp_path / 'library'}", "output=json"]
    assert run_hydra_command(COMMAND, [*typed, "recorder.camera_hz=2"]) == 0
    (row,) = json.loads(capfd.readouterr().out)["recorded"]
    library = DemoLibrary.open(tmp_path / "library")
    assert library.backend == "sim"
    recording, _ = library.read(row["id"])
    attributes = json.loads((library.folder(row["id"]) / "zarr.json").read_text())["attributes"]
    assert attributes["twist_check"]["status"] == "passed"
    assert attributes["events"]["verdict"] == {"success": True, "judge": "simulator"}
    assert recording.views[0].segmenter == "simulator-ground-truth"
    tool, model = recording.header.tool, build_model("panda")
    T_BE = recording.views[0].T_BE
    assert model.forward(PANDA.observe_joints).is_close(T_BE, 0.002, 0.01)
    assert tool.T_flange_tool.t[2] > 0.1
    demo = library.load(row["id"])
    assert not demo.holds_object
    stream = recording.stream
    assert stream.camera == "front"
    assert len(stream.t_s) == round(recording.samples.t_s[-1] * 2) or len(stream.t_s) > 4
    assert (recording.views[0].T_WC.matrix == stream.T_WC).all()
    seen = recording.views[0]
    assert np.abs(stream.color(0).astype(int) - seen.color).mean() < 10
