"""The worst inputs that are known: of each kind the one that takes most time or memory for its size."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import yaml
from projects import JOB

SIZE = 4 << 20
"""Bytes of the largest file that is read."""

OVERLAY = "apiVersion: openflow.io/v1\nkind: Overlay\nmetadata: {name: o}\nspec:\n"
PROJECT = "apiVersion: openflow.io/v1\nkind: Project\nmetadata: {name: p}\nspec:\n  jobs: [job.yaml]\n"
RENDER = ("render", "job.yaml")
UNDER = (*RENDER, "-o", "o.yaml")
GIVEN = (*RENDER, "--given", "given.yaml")
CRON = JOB + "  run: {as: cronjob, schedule: %s}\n"
STARS = "*a" * 100_000 + "b"
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n"


class Input(NamedTuple):
    """The files of a project, and the command that reads them."""

    files: Mapping[str, str | bytes]
    command: tuple[str, ...] = RENDER


def a_job(**spec: Any) -> str:
    tree = yaml.safe_load(JOB)
    tree["spec"].update(spec)
    return json.dumps(tree)


def many(size: int, of: str, *, begin: str = "", end: str = "") -> str:
    """As many lines ``of``, which may name its number, as ``size`` has room for."""
    lines, left, number = [begin], size - len(begin) - len(end), 0
    while (left := left - len(line := of.replace("#", str(number)))) > 0:
        lines.append(line)
        number += 1
    return "".join(lines) + end


def with_conf(lines: str) -> str:
    return f"{JOB}  conf:\n{lines}"


def a_bomb(levels: int, width: int) -> str:
    rows = (f"  a{n}: &a{n} [{','.join([f'*a{n - 1}'] * width)}]\n" for n in range(1, levels))
    return f"{JOB}  vars:\n  a0: &a0 [xxxxxxxxxx]\n".replace("\n  a0", "\n    a0") + "".join(f"  {row}" for row in rows)


def a_policy(expression: str) -> str:
    return (
        "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: p}\nspec:\n"
        "  matchConstraints: {resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], "
        "operations: [CREATE]}]}\n"
        f"  validations: [{{expression: {json.dumps(expression)}}}]\n---\n"
        "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\nmetadata: {name: p}\n"
        "spec: {policyName: p, validationActions: [Deny]}\n"
    )


def a_list(of: int) -> str:
    return "[" + ",".join(map(str, range(of))) + "]"


def nested(levels: int, size: int) -> str:
    """Comprehensions inside each other, each over a list."""
    inner = "true"
    for level in range(levels):
        inner = f"{a_list(size)}.all(x{level}, {inner})"
    return inner


WORST: Mapping[str, Input] = {
    "brackets in brackets": Input({"job.yaml": "[" * SIZE}),
    "maps in maps": Input({"job.yaml": "{a: " * (SIZE // 4)}),
    "keys that are keys": Input({"job.yaml": "? " * (SIZE // 2)}),
    "64 levels": Input({"job.yaml": a_job(driver={"template": json.loads('{"a":' * 55 + "1" + "}" * 55)})}),
    "values": Input({"job.yaml": with_conf(many(SIZE, "    spark.a#: b\n"))}),
    "20,000 properties": Input({"job.yaml": with_conf("".join(f"    spark.a{n}: b\n" for n in range(20_000)))}),
    "49,000 variables": Input({"job.yaml": a_job(vars={f"a{n}": "b" for n in range(49_000)})}),
    "49,000 unknown fields": Input({"job.yaml": a_job(**{f"a{n}": "b" for n in range(49_000)})}),
    "4,000 variables of the driver": Input({"job.yaml": a_job(driver={"env": {f"A{n}": "b" for n in range(4_000)}})}),
    "30,000 labels": Input(
        {"job.yaml": JOB.replace("data}", f"data, labels: {json.dumps({f'a{n}': 'b' for n in range(30_000)})}}}")}
    ),
    "aliases up to the bound": Input({"job.yaml": a_bomb(6, 9)}),
    "aliases beyond the bound": Input({"job.yaml": a_bomb(9, 9)}),
    "a text in a thousand places": Input(
        {"job.yaml": f"{JOB}  vars:\n    a: &a {'x' * 1000}\n    b: [{'*a,' * 1000}]\n"}
    ),
    "anchors": Input({"job.yaml": many(SIZE, "- &a# 1\n")}),
    "documents": Input(
        {"job.yaml": "---\n".join(JOB.replace("etl", f"e{n}") for n in range(1000))}, ("validate", "job.yaml")
    ),
    "documents beyond the bound": Input({"job.yaml": "--- 1\n" * (SIZE // 6)}),
    "a line": Input({"job.yaml": JOB + "  vars: {a: '" + "x" * (SIZE - 500) + "'}\n"}),
    "a line that is used": Input(
        {"job.yaml": JOB + "  vars: {a: '" + "x" * (SIZE - 600) + "'}\n  conf: {spark.a: '{{ vars.a }}'}\n"}
    ),
    "lines that are empty": Input({"job.yaml": JOB + "\n" * (SIZE - 500)}),
    "comments": Input({"job.yaml": JOB + "#\n" * (SIZE // 2 - 500)}),
    "escapes": Input({"job.yaml": JOB + '  vars: {a: "' + "\\u0041" * (SIZE // 6 - 100) + '"}\n'}),
    "forbidden characters": Input({"job.yaml": JOB + "#" + "\x1b" * (SIZE - 500)}),
    "bytes that are no text": Input({"job.yaml": b"\xff" * SIZE}),
    "a number": Input({"job.yaml": JOB.replace("instances: 2", f"instances: {'9' * (SIZE - 500)}")}),
    "a number in hexadecimal": Input({"job.yaml": JOB.replace("instances: 2", f"instances: 0x{'f' * (SIZE - 500)}")}),
    "a number in octal": Input({"job.yaml": JOB.replace("instances: 2", f"instances: 0o{'7' * (SIZE - 500)}")}),
    "an exponent": Input({"job.yaml": JOB.replace("instances: 2", f"instances: 1e{'9' * (SIZE - 500)}")}),
    "a quantity": Input({"job.yaml": a_job(driver={"cpu": {"request": "1e999999999"}})}),
    "a quantity of digits": Input({"job.yaml": a_job(driver={"cpu": {"request": "9" * 1_000_000}})}),
    "a size": Input({"job.yaml": a_job(driver={"memory": "9" * 1_000_000 + "g"})}),
    "a size by a property": Input({"job.yaml": with_conf(f"    spark.driver.memoryOverhead: {'9' * 4000}g\n")}),
    "a schedule": Input({"job.yaml": CRON % json.dumps(",".join(["1-59/1"] * 200_000) + " * * * *")}),
    "a schedule of ranges": Input({"job.yaml": CRON % json.dumps("0-4294967295/1 * * * *")}),
    "a schedule of a huge number": Input({"job.yaml": CRON % json.dumps("9" * 1_000_000 + " * * * *")}),
    "a time zone": Input(
        {"job.yaml": JOB + f"  run: {{as: cronjob, schedule: '@daily', timeZone: {'A/' * 500_000}A}}\n"}
    ),
    "a duration": Input({"job.yaml": JOB + f"  run: {{as: job, deadline: {'1h' * 500_000}}}\n"}),
    "a duration of digits": Input({"job.yaml": JOB + f"  run: {{as: job, deadline: {'9' * 1_000_000}s}}\n"}),
    "a name": Input({"job.yaml": JOB.replace("name: etl", f"name: {'a-' * 1_000_000}")}),
    "a version": Input({"job.yaml": JOB.replace('"4.3.0"', f"'{'4.' * 1_000_000}'")}),
    "an image": Input({"job.yaml": JOB.replace("registry.example/spark:4.3.0", "a/" * 1_000_000 + "@")}),
    "an image of dots": Input({"job.yaml": JOB.replace("registry.example/spark:4.3.0", "a" + "._-" * 500_000)}),
    "a label": Input({"job.yaml": JOB.replace("data}", f"data, labels: {{a: {'a.-_' * 500_000}}}}}")}),
    "a path": Input({"job.yaml": JOB + f"  confFiles: [{'a/' * 1_000_000}]\n"}),
    "a path of dots": Input({"job.yaml": JOB + f"  confFiles: [{'../' * 1_000_000}x]\n"}),
    "arguments": Input(
        {"job.yaml": a_job(application={"main": "local:///a.jar", "class": "a.B", "args": ["--password=a b"] * 40_000})}
    ),
    "references in a property": Input(
        {"job.yaml": with_conf(f'    spark.a: x\n    spark.b: "{"${spark.a}" * 300_000}"\n')}
    ),
    "references to references": Input(
        {
            "job.yaml": with_conf(
                "    spark.a0: xxxxxxxxxx\n"
                + "".join(f"    spark.a{n}: {('${spark.a' + str(n - 1) + '}') * 10}\n" for n in range(1, 40))
            )
        }
    ),
    "a chain of references": Input(
        {
            "job.yaml": with_conf(
                "    spark.a0: x\n" + "".join(f"    spark.a{n}: ${{spark.a{n - 1}}}\n" for n in range(1, 20_000))
            )
        }
    ),
    "references that are never closed": Input({"job.yaml": with_conf(f'    spark.a: "{"${" * 1_500_000}"\n')}),
    "Java options": Input({"job.yaml": a_job(driver={"javaOptions": "-Dpassword=a'\"\\ " * 100_000})}),
    "a power": Input({"job.yaml": JOB + "  vars: {a: 9}\n  conf: {spark.a: '{{ vars.a ** 999999999 }}'}\n"}),
    "powers of powers": Input({"job.yaml": JOB + "  vars: {a: 9}\n  conf: {spark.a: '{{ 9 ** 9 ** 9 ** 9 }}'}\n"}),
    "a product of texts": Input({"job.yaml": JOB + "  vars: {a: x}\n  conf: {spark.a: '{{ \"x\" * 999999999 }}'}\n"}),
    "a product of lists": Input(
        {"job.yaml": JOB + "  vars: {a: [x]}\n  conf: {spark.a: '{{ vars.a * 999999999 }}'}\n"}
    ),
    "a range": Input({"job.yaml": JOB + "  conf: {spark.a: '{{ range(999999999) | join }}'}\n"}),
    "replacements of replacements": Input(
        {
            "job.yaml": JOB
            + f"  vars: {{a: {'x' * 60_000}}}\n"
            + "  conf: {spark.a: \"{{ vars.a | replace('x', vars.a) | replace('x', vars.a) }}\"}\n"
        }
    ),
    "a format": Input({"job.yaml": JOB + "  conf: {spark.a: '{{ \"%999999999d\" % 1 }}'}\n"}),
    "an expression": Input({"job.yaml": JOB + f"  conf: {{spark.a: '{{{{ {'(' * 1_000_000} }}}}'}}\n"}),
    "expressions": Input({"job.yaml": JOB + f'  vars: {{a: b}}\n  conf: {{spark.a: "{"{{ vars.a }}" * 200_000}"}}\n'}),
    "different expressions": Input(
        {
            "job.yaml": JOB
            + "  vars: {a: 1}\n  conf:\n"
            + "".join(f"    spark.a{n}: '{{{{ vars.a + {n} }}}}'\n" for n in range(1000))
        }
    ),
    "braces": Input({"job.yaml": JOB + f"  conf: {{spark.a: '{'{{' * 1_000_000}'}}\n"}),
    "comments of expressions": Input({"job.yaml": JOB + f"  conf: {{spark.a: '{'{#' * 1_000_000}'}}\n"}),
    "variables of variables": Input(
        {
            "job.yaml": JOB + "  vars: {a0: xxxxxxxxxx}\n",
            "o.yaml": OVERLAY
            + "  vars:\n"
            + "".join(f"    a{n}: '{{{{ vars.a{n - 1} ~ vars.a{n - 1} }}}}'\n" for n in range(1, 200)),
        },
        UNDER,
    ),
    "a glob in a patch": Input(
        {
            "job.yaml": JOB,
            "o.yaml": f"{OVERLAY}  patches: [{{target: {{kind: Pod, name: '{STARS}'}}, merge: {{a: b}}}}]\n",
        },
        UNDER,
    ),
    "a glob of 40 stars": Input(
        {
            "job.yaml": JOB.replace("etl", "a" * 40),
            "o.yaml": f"{OVERLAY}  patches: [{{target: {{kind: Pod, name: '{'*a' * 40}b'}}, merge: {{a: b}}}}]\n",
        },
        UNDER,
    ),
    "a glob of brackets": Input(
        {
            "job.yaml": JOB,
            "o.yaml": f"{OVERLAY}  patches: [{{target: {{kind: Pod, name: '{'[' * 20_000}'}}, merge: {{a: b}}}}]\n",
        },
        UNDER,
    ),
    "a glob of ranges": Input(
        {
            "job.yaml": JOB,
            "o.yaml": f"{OVERLAY}  patches: [{{target: {{kind: Pod, name: '[{'a-z' * 20_000}]'}}, merge: {{a: b}}}}]\n",
        },
        UNDER,
    ),
    "a glob of what is ignored": Input(
        {
            "job.yaml": JOB.replace("tag", "latest")
            + f"  ignore: [{{code: OF381, object: '{STARS}', reason: it is known}}]\n"
        }
    ),
    "globs of what is ignored": Input(
        {
            "job.yaml": JOB.replace("etl", "a" * 40),
            "openflow.yaml": PROJECT
            + "  ignore:\n"
            + "".join(f"  - {{code: OF381, job: '{'*a' * 40}b{n}', reason: it is known}}\n" for n in range(3000)),
        }
    ),
    "patches": Input(
        {
            "job.yaml": JOB,
            "o.yaml": OVERLAY
            + "  patches:\n"
            + "".join("  - {target: {kind: Pod}, merge: {metadata: {annotations: {a: b}}}}\n" for n in range(6000)),
        },
        UNDER,
    ),
    "operations of a patch": Input(
        {
            "job.yaml": JOB,
            "o.yaml": OVERLAY
            + "  patches:\n  - target: {kind: Pod}\n    json:\n"
            + "".join(f"    - {{op: add, path: /spec/a{n}, value: {{x: y}}}}\n" for n in range(9000)),
        },
        UNDER,
    ),
    "copies that double": Input(
        {
            "job.yaml": JOB,
            "o.yaml": OVERLAY
            + "  patches:\n  - target: {kind: Pod}\n    json:\n"
            + "".join(f"    - {{op: copy, from: /spec, path: /spec/a{n}}}\n" for n in range(100)),
        },
        UNDER,
    ),
    "overlays of overlays": Input(
        {
            "job.yaml": JOB,
            **{f"o{n}.yaml": OVERLAY + f"  extends: [o{n + 1}.yaml, o{n + 1}.yaml]\n" for n in range(60)},
            "o60.yaml": OVERLAY + "  vars: {a: b}\n",
        },
        (*RENDER, "-o", "./o0.yaml"),
    ),
    "spreads of a template": Input(
        {
            "job.yaml": a_job(driver={"env": {f"A{n}": "b" for n in range(3000)}}),
            "templates/spark/driver-service.yaml": CONFIG
            + "".join(f"  a{n}: '{{{{ driver.env }}}}'\n" for n in range(2000)),
        }
    ),
    "a template of expressions": Input(
        {
            "job.yaml": JOB + f"  vars: {{a: {'x' * 60_000}}}\n",
            "templates/spark/driver-service.yaml": CONFIG
            + "".join(f"  a{n}: '{{{{ app.name ~ {n} }}}}'\n" for n in range(1000)),
        }
    ),
    "comprehensions": Input({"job.yaml": JOB, "given.yaml": a_policy(nested(6, 60))}, GIVEN),
    "comprehensions of objects": Input(
        {
            "job.yaml": a_job(driver={"env": {f"A{n}": "b" for n in range(900)}}),
            "given.yaml": a_policy(
                "object.spec.containers.all(c, c.env.all(e, c.env.all(f, c.env.all(g, e.name != 'x'))))"
            ),
        },
        GIVEN,
    ),
    "a policy in brackets": Input({"job.yaml": JOB, "given.yaml": a_policy("(" * 4000 + "true" + ")" * 4000)}, GIVEN),
    "a policy of negations": Input({"job.yaml": JOB, "given.yaml": a_policy("!" * 9000 + "true")}, GIVEN),
    "a policy of sums": Input({"job.yaml": JOB, "given.yaml": a_policy("1" + "+1" * 4500 + "> 0")}, GIVEN),
    "a policy with a regular expression": Input(
        {
            "job.yaml": JOB.replace("example.Main", "a" * 30_000),
            "given.yaml": a_policy("object.spec.containers.all(c, c.args.all(a, a.matches('^(a+)+$')))"),
        },
        GIVEN,
    ),
    "a policy with a text that doubles": Input(
        {
            "job.yaml": JOB,
            "given.yaml": a_policy("[1,2,3].map(x, 'a' + 'b').size() > 0 && ('x'" + "+'x'" * 2000 + ").size() > 1"),
        },
        GIVEN,
    ),
    "policies": Input(
        {
            "job.yaml": JOB,
            "given.yaml": "---\n".join(
                a_policy(nested(2, 100)).replace("name: p", f"name: p{n}").replace("policyName: p", f"policyName: p{n}")
                for n in range(100)
            ),
        },
        GIVEN,
    ),
    "regular expressions of a definition": Input(
        {
            "job.yaml": JOB.replace("example.Main", "a" * 30_000),
            "given.yaml": json.dumps(
                {
                    "apiVersion": "apiextensions.k8s.io/v1",
                    "kind": "CustomResourceDefinition",
                    "metadata": {"name": "podgroups.scheduling.volcano.sh"},
                    "spec": {
                        "group": "scheduling.volcano.sh",
                        "names": {"kind": "PodGroup", "plural": "podgroups"},
                        "scope": "Namespaced",
                        "versions": [
                            {
                                "name": "v1beta1",
                                "served": True,
                                "storage": True,
                                "schema": {
                                    "openAPIV3Schema": {
                                        "type": "object",
                                        "properties": {
                                            "metadata": {
                                                "type": "object",
                                                "properties": {
                                                    "name": {
                                                        "type": "string",
                                                        "pattern": "^(([a-z-])+.)+[A-Z]([a-z])+$",
                                                    }
                                                },
                                            }
                                        },
                                        "x-kubernetes-preserve-unknown-fields": True,
                                    }
                                },
                            }
                        ],
                    },
                }
            ),
        },
        GIVEN,
    ),
    "given objects": Input(
        {
            "job.yaml": JOB,
            "given.yaml": "---\n".join(
                f"apiVersion: v1\nkind: Node\nmetadata: {{name: n{n}, labels: {{a: b}}}}\n"
                "status: {allocatable: {cpu: 1, memory: 1Gi}}\n"
                for n in range(1000)
            ),
        },
        GIVEN,
    ),
    "given nodes in a list": Input(
        {
            "job.yaml": JOB,
            "given.yaml": "apiVersion: v1\nkind: List\nitems:\n"
            + "".join(
                f"- {{apiVersion: v1, kind: Node, metadata: {{name: n{n}}}, "
                "status: {allocatable: {cpu: 1, memory: 1Gi}}}\n"
                for n in range(5000)
            ),
        },
        GIVEN,
    ),
    "a file of properties": Input(
        {"s.conf": "spark.kubernetes.container.image x\n" + many(SIZE // 4 - 9, "spark.a# b\n")},
        ("import", "properties", "s.conf"),
    ),
    "a property of backslashes": Input(
        {"s.conf": "spark.kubernetes.container.image x\nspark.a " + "\\" * 1_000_000},
        ("import", "properties", "s.conf"),
    ),
    "a property of continued lines": Input(
        {"s.conf": "spark.kubernetes.container.image x\nspark.a " + "\\\n" * 500_000},
        ("import", "properties", "s.conf"),
    ),
    "a property of escapes": Input(
        {"s.conf": "spark.kubernetes.container.image x\nspark.a " + "\\u0041" * 170_000},
        ("import", "properties", "s.conf"),
    ),
    "a Hadoop file": Input(
        {"job.yaml": JOB + "  hadoop: {files: [core-site.xml]}\n", "core-site.xml": "<configuration>" + "<a>" * 340_000}
    ),
    "entities in a Hadoop file": Input(
        {
            "job.yaml": JOB + "  hadoop: {files: [core-site.xml]}\n",
            "core-site.xml": '<!DOCTYPE a [<!ENTITY a "xxxxxxxxxx">'
            + "".join(f'<!ENTITY a{n} "{f"&a{n - 1 if n > 1 else str()};" * 10}">' for n in range(1, 20))
            + "]><configuration>&a19;</configuration>",
        }
    ),
    "findings with long lines": Input(
        {"job.yaml": JOB + "  conf:\n" + "".join(f"    sparc.a{n}: {'x' * 100}\n" for n in range(5000))}
    ),
    "a report of findings": Input(
        {"job.yaml": JOB + "  conf:\n" + "".join(f"    sparc.a{n}: b\n" for n in range(5000))},
        ("validate", "job.yaml", "--report", "sarif"),
    ),
    "a pod template": Input(
        {
            "job.yaml": JOB.replace("memory: 1g", "template: pod.yaml"),
            "pod.yaml": "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n"
            + "".join(f"  - {{name: c{n}, image: i}}\n" for n in range(1000)),
        }
    ),
    "volumes of a pod template": Input(
        {
            "job.yaml": JOB.replace("memory: 1g", "template: pod.yaml"),
            "pod.yaml": "apiVersion: v1\nkind: Pod\nspec:\n  volumes:\n"
            + "".join(f"  - {{name: v{n}, emptyDir: {{}}}}\n" for n in range(3000)),
        }
    ),
    "tolerations": Input(
        {"job.yaml": a_job(driver={"tolerations": [{"key": f"k{n}", "operator": "Exists"} for n in range(3000)]})}
    ),
    "explanations": Input(
        {"job.yaml": a_job(driver={"env": {f"A{n}": "b" for n in range(500)}})}, ("explain", "job.yaml", "Pod")
    ),
}
