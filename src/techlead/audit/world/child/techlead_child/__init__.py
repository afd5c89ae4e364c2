"""What runs inside the target: its network, clock and ports in the audit's hands. Standard library alone, Python 3.8 and later."""


def install(folder):
    """Take hold of this process; called once, before any line of the target."""
    from techlead_child import clock, control, databases, hashing, modules, network, ports, watch

    control.open_folder(folder)
    clock.install(folder)
    network.install()
    ports.install()
    databases.install(folder)
    modules.install()
    hashing.install(folder)
    watch.install(folder)
