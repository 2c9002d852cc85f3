"""The trainers that nnU-Net contains: they need no ``trainer_class.py``.

They are all classes whose name begins with ``nnUNet``, at the top level of a module in
``nnunetv2/training/nnUNetTrainer``. There nnU-Net searches for the class that a checkpoint names.
The lists are of nnunetv2-neuropoly 2.6.2, the fork that SCT installs, and of nnunetv2 2.8.1; the
tests compare them with the installed nnU-Net.
"""

from __future__ import annotations

#: Trainers of SCT's fork of nnU-Net; the stock nnU-Net has them too.
SCT_TRAINERS = frozenset(
    """
        nnUNetTrainer
        nnUNetTrainerAdam
        nnUNetTrainerAdam1en3
        nnUNetTrainerAdam3en4
        nnUNetTrainerAdan
        nnUNetTrainerAdan1en1
        nnUNetTrainerAdan1en3
        nnUNetTrainerAdan3en4
        nnUNetTrainerAdanCosAnneal
        nnUNetTrainerBN
        nnUNetTrainerBenchmark_5epochs
        nnUNetTrainerBenchmark_5epochs_noDataLoading
        nnUNetTrainerCELoss
        nnUNetTrainerCELoss_5epochs
        nnUNetTrainerCosAnneal
        nnUNetTrainerDA5
        nnUNetTrainerDA5Segord0
        nnUNetTrainerDA5_10epochs
        nnUNetTrainerDA5ord0
        nnUNetTrainerDiceCELoss_noSmooth
        nnUNetTrainerDiceLoss
        nnUNetTrainerDiceTopK10Loss
        nnUNetTrainerNoDA
        nnUNetTrainerNoDeepSupervision
        nnUNetTrainerNoMirroring
        nnUNetTrainerTopk10Loss
        nnUNetTrainerTopk10LossLS01
        nnUNetTrainerVanillaAdam
        nnUNetTrainerVanillaAdam1en3
        nnUNetTrainerVanillaAdam3en4
        nnUNetTrainer_100epochs
        nnUNetTrainer_10epochs
        nnUNetTrainer_1epoch
        nnUNetTrainer_2000epochs
        nnUNetTrainer_2000epochs_NoMirroring
        nnUNetTrainer_20epochs
        nnUNetTrainer_250epochs
        nnUNetTrainer_250epochs_NoMirroring
        nnUNetTrainer_4000epochs
        nnUNetTrainer_4000epochs_NoMirroring
        nnUNetTrainer_500epochs
        nnUNetTrainer_50epochs
        nnUNetTrainer_5epochs
        nnUNetTrainer_750epochs
        nnUNetTrainer_8000epochs
        nnUNetTrainer_8000epochs_NoMirroring
        nnUNetTrainer_DASegOrd0
        nnUNetTrainer_DASegOrd0_NoMirroring
        nnUNetTrainer_noDummy2DDA
        nnUNetTrainer_onlyMirror01
        nnUNetTrainer_onlyMirror01_1500ep
        nnUNetTrainer_onlyMirror01_DA5
        nnUNetTrainer_onlyMirror01_DASegOrd0
        nnUNetTrainer_probabilisticOversampling
        nnUNetTrainer_probabilisticOversampling_010
        nnUNetTrainer_probabilisticOversampling_033
        nnUNetTrainer_warmup
        nnUNet_Primus_B_Trainer
        nnUNet_Primus_L_Trainer
        nnUNet_Primus_M_Trainer
        nnUNet_Primus_M_Trainer_BS8
        nnUNet_Primus_M_Trainer_BS8_2e4
        nnUNet_Primus_S_Trainer
        nnUNet_Trainer_BS8
    """.split()  # noqa: SIM905 (data reads best without quotes)
)
#: Trainers of the stock nnU-Net.
TRAINERS = SCT_TRAINERS.union(
    """
        nnUNet_PrimusV2B_Trainer
        nnUNet_PrimusV2L_Trainer
        nnUNet_PrimusV2M_Trainer
        nnUNet_PrimusV2S_Trainer
        nnUNet_PrimusV3B_Trainer
        nnUNet_PrimusV3L_Trainer
        nnUNet_PrimusV3M_Trainer
        nnUNet_PrimusV3S_Trainer
    """.split()  # noqa: SIM905 (data reads best without quotes)
)
