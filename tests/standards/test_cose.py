"""A stock library verifies the batch headers and receipts of the vectors.

usage: test_cose.py BUILD_FOLDER SOURCE_FOLDER
"""
import json
import pathlib
import sys

sys.dont_write_bytecode = True
SOURCE = pathlib.Path(sys.argv[2])
sys.path[:0] = [str(SOURCE / "tests" / "oracle")]
import cbor  # pylint: disable=wrong-import-position
import cose  # pylint: disable=wrong-import-position


def main():
    vectors = json.loads((SOURCE / "tests" / "vectors" / "formats" / "vectors.json").read_text(encoding="utf-8"))
    keys = [bytes.fromhex(row["key"]) for row in vectors["keys"]]
    chain, root = bytes.fromhex(vectors["genesis"]["chain"]), bytes.fromhex(vectors["log"]["root"])
    cases = []
    for row in vectors["headers"]:
        header = bytes.fromhex(row["bytes"])
        member = int.from_bytes(cbor.decode(cbor.decode(header).value[0])[4], "big")
        cases += cose.header_cases(row["about"], header, keys[member], chain)
        cases.append(cose.case(row["about"] + ", another member", header, keys[member - 1], chain, valid=False))
    for row in vectors["receipts"]:
        cases += cose.receipt_cases(row["about"], bytes.fromhex(row["bytes"]), keys[row["member"]], root)
    try:
        cose.verify(cose.install(sys.argv[1]), cases)
    except cose.Unavailable as why:
        cose.skip(why)


main()
