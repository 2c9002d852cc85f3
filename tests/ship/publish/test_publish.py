def test_it(lab, publish):
    said = publish("--dry-run")
    print(said.out, said.err)
    print(*lab.server.log, sep="\n")
    assert 0


def test_b(lab, publish):
    said = publish()
    print(said.out, said.err)
    print(*lab.server.log, sep="\n")
    print(lab.end_state())
    assert 0
