"""The catalogue of checks, and what became of each: the codes that cover it, or why there is none.

One table a section; `test_catalogue.py` sees that none is missing, and that every code named is there and tested.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

Section: TypeAlias = Mapping[str, tuple[str, ...] | str]

NAMES: Section = {
    "NAM-01": ("OF210", "OF410"),
    "NAM-02": ("OF410",),
    "NAM-03": ("OF210", "OF410", "OF424"),
    "NAM-04": ("OF424",),
    "NAM-05": ("OF501", "OF509"),
    "NAM-06": "names end in a digest of all that is run, and nothing is shortened: transforms/identity.py",
    "NAM-07": ("OF411",),
    "NAM-08": ("OF210", "OF411"),
    "NAM-09": ("OF412",),
    "NAM-10": ("OF414", "OF428"),
    "NAM-11": ("OF413",),
    "NAM-12": ("OF410", "OF430"),
    "NAM-13": ("OF410", "OF430"),
    "NAM-14": ("OF210", "OF226", "OF410", "OF425"),
    "NAM-15": ("OF323", "OF426", "OF433"),
    "NAM-16": ("OF410",),
    "NAM-17": ("OF427",),
}

RESOURCES: Section = {
    "RES-01": ("OF210", "OF420"),
    "RES-02": ("OF421",),
    "RES-03": ("OF390", "OF452"),
    "RES-04": ("OF210", "OF335", "OF396", "OF397", "OF450"),
    "RES-05": ("OF452", "OF453"),
    "RES-06": ("OF398", "OF451"),
    "RES-07": "Spark writes one value as request and limit, and what a pod template says otherwise is OF390",
    "RES-08": ("OF422",),
    "RES-09": ("OF327", "OF340", "OF399"),
    "RES-10": "an emptyDir without a limit is what Spark makes, so every ordinary job would be told",
    "RES-11": ("OF453",),
    "RES-12": ("OF460", "OF461", "OF462", "OF464", "OF465", "OF719", "OF808"),
    "RES-13": ("OF460", "OF462", "OF463", "OF719"),
    "RES-14": ("OF466",),
    "RES-15": ("OF342", "OF394", "OF395"),
    "RES-16": ("OF402", "OF423", "OF455"),
    "RES-17": ("OF456", "OF457"),
    "RES-18": "the engine is not there",
}

RIGHTS: Section = {
    "RBA-01": ("OF610", "OF611"),
    "RBA-02": ("OF610", "OF611"),
    "RBA-03": "the engine is not there",
    "RBA-04": ("OF613",),
    "RBA-05": ("OF614",),
    "RBA-06": ("OF614",),
    "RBA-07": ("OF507", "OF802"),
    "RBA-08": ("OF508", "OF610"),
    "RBA-09": ("OF510",),
    "RBA-10": "executors share the driver's account unless a property names another, as Spark has it: each ordinary "
    "job would be told, and what the account may do beyond its need is told anyway",
    "RBA-11": ("OF615",),
    "RBA-12": ("OF510", "OF511"),
    "RBA-13": ("OF805", "OF806"),
}

NETWORK: Section = {
    "NET-01": ("OF512", "OF513"),
    "NET-02": ("OF505", "OF506"),
    "NET-03": ("OF514",),
    "NET-04": ("OF322", "OF515"),
    "NET-05": ("OF516",),
    "NET-06": ("OF233", "OF316", "OF317"),
    "NET-07": ("OF517",),
    "NET-08": ("OF322", "OF430", "OF518", "OF519"),
    "NET-09": ("OF520", "OF521", "OF601"),
    "NET-10": ("OF524",),
    "NET-11": ("OF522",),
    "NET-12": ("OF525",),
    "NET-13": "how many Services a namespace has is not given, and every ordinary job would be told",
    "NET-14": ("OF523",),
}

STORAGE: Section = {
    "STO-01": ("OF543",),
    "STO-02": ("OF544", "OF545"),
    "STO-03": ("OF338", "OF541"),
    "STO-04": ("OF540",),
    "STO-05": ("OF204", "OF545"),
    "STO-06": ("OF557",),
    "STO-07": ("OF546", "OF547", "OF601"),
    "STO-08": ("OF336", "OF430", "OF504", "OF547"),
    "STO-09": ("OF125", "OF502", "OF548", "OF549"),
    "STO-10": ("OF550",),
    "STO-11": ("OF551",),
    "STO-12": ("OF552", "OF553"),
    "STO-13": ("OF802", "OF805"),
    "STO-14": "which claims hold results nobody says; none is deleted without being named, see OF810",
    "STO-15": ("OF401", "OF402", "OF554"),
}

CONFIGURATION: Section = {
    "CFG-01": ("OF392", "OF393"),
    "CFG-02": ("OF394", "OF701"),
    "CFG-03": ("OF220", "OF316", "OF317", "OF318", "OF319", "OF330"),
    "CFG-04": ("OF311", "OF312", "OF313", "OF360", "OF361", "OF384"),
    "CFG-05": ("OF315", "OF321", "OF322", "OF397"),
    "CFG-06": ("OF385",),
    "CFG-07": ("OF391",),
    "CFG-08": ("OF305", "OF386", "OF387"),
    "CFG-09": ("OF310", "OF388"),
    "CFG-10": ("OF389",),
    "CFG-11": ("OF253", "OF416"),
    "CFG-12": "finished pods, and Jobs without a deadline, are what spark-submit and Kubernetes leave too, so every "
    "ordinary job would be told; where a time to live does harm it is OF243",
    "CFG-13": "the engine is not there",
    "CFG-14": "the engine is not there",
    "CFG-15": "the engine is not there",
    "CFG-16": ("OF331", "OF390"),
}

SCHEDULING: Section = {
    "SCH-01": ("OF701",),
    "SCH-02": ("OF702", "OF703", "OF704"),
    "SCH-03": ("OF405",),
    "SCH-04": ("OF402", "OF708"),
    "SCH-05": ("OF236", "OF705", "OF706"),
    "SCH-06": ("OF701",),
    "SCH-07": ("OF510", "OF710", "OF711"),
    "SCH-08": ("OF712",),
    "SCH-09": ("OF714", "OF715"),
    "SCH-10": ("OF716",),
    "SCH-11": ("OF717",),
    "SCH-12": ("OF718",),
    "SCH-13": ("OF713",),
    "SCH-14": "openflow makes no PodDisruptionBudget, and no patch adds an object; budgets of others are not given",
}

IMAGES: Section = {
    "IMG-01": ("OF620",),
    "IMG-02": ("OF620", "OF621"),
    "IMG-03": "which registries are allowed is the cluster's own rule: a policy that is given says so (OF740), and "
    "names of Docker Hub such as apache/spark are ordinary ones",
    "IMG-04": ("OF620", "OF622", "OF623"),
    "IMG-05": ("OF621",),
}

SECRETS: Section = {
    "SEC-01": ("OF631",),
    "SEC-02": ("OF630",),
    "SEC-03": ("OF630", "OF631"),
    "SEC-04": ("OF339", "OF604", "OF605"),
    "SEC-05": ("OF632",),
    "SEC-06": "secretKeyRef is how Spark itself passes Secrets on, so every job that does it well would be told",
    "SEC-07": "no message shows more than length and two characters: tests/checks/test_images_and_secrets.py",
    "SEC-08": ("OF633",),
}

POD_SECURITY: Section = {
    **{f"PSS-B{number:02}": ("OF601",) for number in range(1, 13)},
    **{f"PSS-R{number:02}": ("OF601",) for number in range(1, 8)},
}

LIMITS_OF_PROCESSES: Section = {
    "ULM-01": "how many files a job opens depends on its data, and what a node allows no object says; `ulimits` sets "
    "the soft limit, and the hard one is the node's (OF379)",
    "ULM-02": "what a process may open is seen only inside its container, and status commands run nothing there",
    "ULM-03": ("OF378",),
    "ULM-04": ("OF401",),
    "ULM-05": ("OF606",),
    "ULM-06": ("OF379",),
}

STATUS: Section = {
    "RST-01": "cluster/pods.py: the restarts of all three lists, those of init containers and of sidecars told apart",
    "RST-02": "cluster/pods.py: one number from the first init container on, which never changes its meaning",
    "RST-03": "status tells what is there now, run by run (cluster/applications.py), and keeps no history",
    "RST-04": "cluster/applications.py: executors that run, are needed and have failed are counted apart",
    "RST-05": "cluster/pods.py: failure() tells what ended the pod from outside, or how its containers ended",
    "RST-06": "cluster/pods.py and cluster/reading.py: all may be missing; waits_for() tells reasons and gates",
    "RST-07": "cluster/pods.py: restarts are counted whatever restartPolicy says",
    "RST-08": "cluster/readiness.py, for Jobs and CronJobs; for Flink the engine is not there",
}

VERSIONS: Section = {
    "API-01": ("OF406", "OF417", "OF807"),
    "API-02": ("OF401", "OF402"),
    "API-03": ("OF418",),
    "API-04": ("OF423",),
    "API-05": ("OF419", "OF807"),
    "API-06": ("OF407",),
}

CONSISTENCY: Section = {
    "SET-01": ("OF502", "OF503", "OF504", "OF507", "OF510"),
    "SET-02": ("OF106", "OF149", "OF501", "OF509"),
    "SET-03": ("OF156", "OF430"),
    "SET-04": ("OF429",),
    "SET-05": ("OF233", "OF431", "OF432"),
    "SET-06": "the emitter's properties: tests/core/test_yamltext.py reads what it writes by two loaders",
    "SET-07": "tests/test_determinism.py",
    "SET-08": ("OF802",),
    "SET-09": ("OF408", "OF433"),
    "SET-10": "what spark-submit spells out is spelled out; nothing else is",
}
