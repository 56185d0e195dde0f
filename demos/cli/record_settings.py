"""How to record, as a configuration says."""

from omegaconf import DictConfig

from demos.recorder import RecorderSettings
from demos.recording import SpeedLimits
from mt3.cli.assembly import build
from mt3.cli.entry import config_for_record
from mt3.cli.software import software_versions
from mt3.safety import SafetyLimits

# What only the replay check needs has no part in how a demonstration was made.
_METHOD = (
    "align",
    "encoder",
    "execution",
    "grip",
    "language",
    "library_source",
    "obstacles",
    "planning",
    "registrar",
    "session",
    "tasks",
    "timing",
    "tracking",
)


def settings_of(cfg: DictConfig) -> RecorderSettings:
    """How to record one demonstration, as a configuration says.

    Raises:
        ConfigurationError: A value is refused; the message names it.
    """
    limits: SafetyLimits = build(cfg.limits)
    return RecorderSettings(
        **build(cfg.recorder),
        speed_limits=SpeedLimits(limits.tool.speed_m_s, limits.tool.angular_speed_rad_s),
        software=software_versions(),
        resolved_config=config_for_record(cfg, without=_METHOD),
    )
