"""The job file's Spark part, typed."""

from __future__ import annotations

from collections.abc import Mapping

from openflow_render.core.section import Section, optional, section
from openflow_render.spec.job import Cpu, Job, PodFields


class Application(Section):
    main: str | None = None
    class_: str | None = None
    args: list[str] | None = None
    jars: list[str] | None = None
    py_files: list[str] | None = None
    files: list[str] | None = None
    archives: list[str] | None = None
    packages: list[str] | None = None


class Role(PodFields):
    """What driver and executors can both be given."""

    cores: int | None = None
    cpu: Cpu = section(Cpu)
    memory: str | None = None
    memory_overhead: str | None = None
    memory_overhead_factor: float | None = None
    java_options: str | None = None
    service_account: str | None = None


class DynamicAllocation(Section):
    min: int | None = None
    max: int | None = None
    initial: int | None = None


class Executor(Role):
    instances: int | None = None
    dynamic_allocation: DynamicAllocation | None = optional(DynamicAllocation)


class Hadoop(Section):
    config_map: str | None = None
    files: list[str] | None = None


class Kerberos(Section):
    krb5_config_map: str | None = None
    krb5_file: str | None = None
    token_secret: Mapping[str, str] | None = None
    principal: str | None = None
    keytab: str | None = None


class SparkJob(Job):
    """A job for Spark, or for the distribution called openflow."""

    application: Application = section(Application)
    driver: Role = section(Role)
    executor: Executor = section(Executor)
    hadoop: Hadoop = section(Hadoop)
    kerberos: Kerberos = section(Kerberos)
    proxy_user: str | None = None
