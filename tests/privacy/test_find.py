from __future__ import annotations

import json
from pathlib import Path

import pytest
from model_lint.privacy import Leak, find_leaks, scrub

MODEL = Path(__file__).parents[1] / "data" / "nnUNetTrainerTiny__nnUNetPlans__2d"
TIME = "2024-09-03 14:06:03.123456: "

#: A line of a log, and the leaks in it as kind and value.
LEAKY = [
    (
        f"{TIME}Using splits from existing split file: /home/jdoe/Dataset101_X/splits_final.json ",
        [("path", "/home/jdoe/Dataset101_X/splits_final.json")],
    ),
    (
        f"{TIME}Using splits from existing split file: /mnt/my data/D101_X/splits_final.json ",
        [("path", "/mnt/my data/D101_X/splits_final.json")],
    ),
    ("nnUNet_raw=/data/raw", [("path", "/data/raw")]),
    ("cd /scratch/def-pi/jdoe;", [("path", "/scratch/def-pi/jdoe")]),
    ("at /Users/jane/x.", [("path", "/Users/jane/x.")]),
    ("'/etc2/a b/c d/e'", [("path", "/etc2/a b/c d/e")]),
    ('File "/home/jdoe/train.py", line 3', [("path", "/home/jdoe/train.py")]),
    ("('/ssd2/nnunet', '/hdd/x')", [("path", "/ssd2/nnunet"), ("path", "/hdd/x")]),
    ("file:///home/jdoe/x.txt", [("path", "/home/jdoe/x.txt")]),
    ("C:\\Users\\jdoe\\nnunet", [("path", "C:\\Users\\jdoe\\nnunet")]),
    ("from D:/nnunet/raw to", [("path", "D:/nnunet/raw")]),
    ("\\\\server\\share\\jdoe", [("path", "\\\\server\\share\\jdoe")]),
    ("hostname: gpu-07.cluster", [("host", "gpu-07.cluster")]),
    ("SLURMD_NODENAME=cn1234", [("host", "cn1234")]),
    ("'hostname': 'romane'", [("host", "romane")]),
    ("tcp://10.0.3.7:4242", [("host", "10.0.3.7")]),
    ("ask jane.doe@uni-x.example.ca.", [("host", "jane.doe@uni-x.example.ca")]),
    ("rsync jdoe@romane:/data/x .", [("host", "jdoe@romane"), ("path", "/data/x")]),
    (f"{TIME}predicting liver_12 ", [("subject", "liver_12")]),
    (f"{TIME}liver_12, shape torch.Size([1, 2, 3]), rank 0 ", [("subject", "liver_12")]),
    (f"{TIME}predicting sub-m012_ses-01_T2w ", [("subject", "sub-m012_ses-01_T2w")]),
    ("case sub-amuAL_T1w failed", [("subject", "sub-amuAL")]),
    ("sub-001/ses-20240101/anat", [("subject", "sub-001/ses-20240101")]),
    ("sub-beijing_acq-sag_T2w", [("subject", "sub-beijing")]),
    ("patient_0042 and Subject-17", [("subject", "patient_0042"), ("subject", "Subject-17")]),
    ('"image": "./imagesTr/jane_0000.nii.gz"', [("subject", "jane")]),
    ("ghp_" + "a1B2" * 9, [("secret", "ghp_" + "a1B2" * 9)]),
    ("WANDB_API_KEY=" + "0a1b" * 10, [("secret", "0a1b" * 10)]),
    ("https://jdoe:s3cret@host.example/x", [("secret", "jdoe:s3cret")]),
    ("wandb.login(key='" + "0a1b" * 10 + "')", [("secret", "0a1b" * 10)]),
    ("sk-proj-" + "a1B2" * 9, [("secret", "sk-proj-" + "a1B2" * 9)]),
    ("/home/jdoe/$DATASET/x", [("path", "/home/jdoe/$DATASET/x")]),
    (
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
        [("secret", "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----")],
    ),
]

HARMLESS = [
    "",
    "see https://github.com/MIC-DKFZ/nnUNet/blob/master/documentation/resenc_presets.md",
    "View run at https://wandb.ai/team/project/runs/abc123",
    "http://www.example.org/home/jdoe/x",
    "epoch 3/1000, 1/2, 0.5/0.7, km/h, and/or, I/O, n/a, T1w/T2w, train/val/test",
    "2024/09/03 14:06:03, 03/09/2024, 14:06",
    "torch.nn.modules.conv.Conv2d, dynamic_network_architectures.architectures.unet.PlainConvUNet",
    "nnunetv2/training/nnUNetTrainer/nnUNetTrainer.py and ./fold_0/x and ../a/b/c and ~/nnunet/raw",
    "a / b / c, x /y, /T2w /STIR, // comment, /, /x",
    "/opt/conda/lib/python3.10/site-packages/torch and /opt/conda/bin/python",
    "/usr/lib/python3/dist-packages/torch, /bin/sh: 1: hostname: not found, /dev/null, /proc/1/fd",
    "sub-volume sub-optimal sub-epoch sub-sampling a sub-network_v2 sub-pixel/x",
    "nvidia-curand-cu12==10.3.9.90 torch 2.15.0+cu132",
    "hostname: localhost, hostname=None, tcp://127.0.0.1:2222, MASTER_ADDR=localhost",
    "@torch.no_grad() recall@50: 0.9, mAP@0.5, git@github.com:ivadomed/x.git, a@b",
    "tokens: 1000, token: None, num_tokens=12345678, password: ********, key: value",
    "Epoch time: 90.3 s, Pseudo dice [np.float32(0.1625), np.float32(0.0)]",
    "<nnunetv2.training.logging.nnunet_logger.MetaLogger object at 0x7f42c79f0410>",
    "\\n\\t \\alpha\\beta x:\\ny",
    "predicting the future",  # no line of nnU-Net's
    "Isensee, F., Jaeger, P. F. (2021). nnU-Net. Nature methods, 18(2), 203-211.",
    "</details></p> <path>/fold_0 <subject-12>_T2w <host> <secret>",
    "participants.tsv subject_id patient-specific subjects_1",
    "/path/to/nnUNet_raw and '/path/to/x y/z' and /your/data/raw and /your_path/to/x",
    "$HOME/x/y ${HOME}/x/y /home/$USER/x /home/${USER}/x /$SLURM_TMPDIR/x/y /home/<user>/x",
    "token = config.api_token_2, password=$PASSWORD1, token: <TOKEN12345>, secret=xxxxxxxx1",
    "https://x-access-token:${TOKEN}@github.com/x https://user:password1@host.example/x",
    "sub-XXX_T2w.nii.gz sub-X and key='abc' key=0123 monkey",
    "hostname:\nepoch 3",
]


@pytest.mark.parametrize(("text", "leaks"), LEAKY)
def test_finds_and_removes(text: str, leaks: list[tuple[str, str]]) -> None:
    assert [(leak.kind, leak.value) for leak in find_leaks(text)] == leaks
    clean = scrub(text)
    assert not any(value in clean for _, value in leaks)
    assert find_leaks(clean) == ()
    assert scrub(clean) == clean


@pytest.mark.parametrize("text", HARMLESS)
def test_leaves_the_rest_alone(text: str) -> None:
    assert find_leaks(text) == ()
    assert scrub(text) == text


@pytest.mark.parametrize(("text", "leaks"), LEAKY)
def test_reads_json_string_by_string(text: str, leaks: list[tuple[str, str]]) -> None:
    data = {"attribute": text, text: [1, text], "other": "é \\"}
    source = json.dumps(data, indent=4)
    found = find_leaks(source)
    assert {(leak.kind, leak.value) for leak in found} >= set(leaks)
    assert {leak.line for leak in found} == {2, 3, 5}
    clean = scrub(source)
    assert json.loads(clean)["other"] == "é \\"
    assert not any(json.dumps(value)[1:-1] in clean for _, value in leaks)
    assert scrub(clean) == clean


def test_lines_are_counted_in_text() -> None:
    text = f"one\n{TIME}predicting liver_12\nthree /home/x/y\nliver_12 again\n"
    assert find_leaks(text) == (
        Leak("subject", "liver_12", 2),
        Leak("path", "/home/x/y", 3),
        Leak("subject", "liver_12", 4),
    )


@pytest.mark.parametrize("key", ["hostname", "Hostname", "SLURMD_NODENAME", "user", "username"])
def test_a_key_tells_that_its_value_is_a_host(key: str) -> None:
    text = json.dumps({key: "romane", "name": "romane", "x": f"on romane.uni, {key}s"})
    assert json.loads(scrub(text)) == {
        key: "<host>",
        "name": "<host>",
        "x": f"on <host>.uni, {key}s",
    }


@pytest.mark.parametrize("host", ["None", "localhost", "/bin/sh: 1: hostname: not found", ""])
def test_no_host(host: str) -> None:
    assert find_leaks(json.dumps({"hostname": host})) == ()


@pytest.mark.parametrize("name", ["dataset.json", "plans.json", "dataset_fingerprint.json"])
def test_a_real_model_has_clean_json(name: str) -> None:
    assert find_leaks((MODEL / name).read_text(encoding="utf-8")) == ()
