"""What runs inside the target: its network, clock and ports in the audit's hands. Standard library alone, Python 3.8 and later."""


def install(folder):
    """Take hold of this process; called once, before any line of the target."""
    from techlead_child import clock, control, modules, network, ports, trust, watch  # noqa: PLC0415 - only inside a target

    control.open_folder(folder)
    clock.install(folder)
    network.install()
    trust.install()
    ports.install()
    modules.install()
    watch.install(folder)
