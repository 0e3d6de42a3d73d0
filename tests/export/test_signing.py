"""Signed copies: read back as valid, claiming no more than is true, with pixels and XMP as they were."""

import io
import pickle
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from curated_archive import Archive
from PIL import Image

from base.errors import SourceError, UsageError
from catalog.purpose import Purpose
from export.authority import authority
from export.samples import Selection, choose
from export.sign import Signer, read_back, signer, signer_of
from pixels.made_by import made_by
from pixels.marks import GENERATED, packet, read_xmp, write_xmp
from shardset.write import write_folder

PARENT = "ab" * 32
PROMPT = "uma cuia de chimarrão"
RECORD: dict[str, Any] = {
    "sha256": "cd" * 32,
    "origin": "generated",
    "parent": PARENT,
    "title": None,
    "credit_line": "Zé da Silva, CC BY-SA 4.0",
    "page_url": "https://acervo.example/1",
    "rights": {"uri": "https://creativecommons.org/licenses/by-sa/4.0/"},
    "variation": {"request": "ef" * 32, "model": "a/model", "revision": "12ab", "seed": 7, "strength": 0.34, "prompt": PROMPT},
}
WORDS = {"dc:title": "Variation of Roda", "dc:rights": "Roda by Zé, CC BY-SA 4.0; changed by a model.", "fototeca:seed": "7"}


def drawn(extension: str, **more: str) -> bytes:
    words = WORDS | {name.replace("_", ":"): value for name, value in more.items()}
    picture, stream = Image.linear_gradient("L").resize((64, 48)).convert("RGB"), io.BytesIO()
    if extension == "webp":
        picture.save(stream, "WEBP", xmp=packet(words))
        return stream.getvalue()
    picture.save(stream, {"jpg": "JPEG", "png": "PNG"}[extension])
    return write_xmp(stream.getvalue(), words)


def pixels(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as picture:
        return picture.convert("RGB").tobytes()


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return signer_of(tmp_path_factory.mktemp("archive"))


@pytest.mark.parametrize("extension", ["png", "jpg", "webp"])
def test_a_signed_copy_reads_back_as_valid_with_its_pixels_and_its_xmp(own: Signer, extension: str) -> None:
    data = drawn(extension)
    signed = own.sign(data, extension, RECORD)
    back = read_back(signed, extension)
    assert back is not None
    assert (back.state, back.trusted) == ("Valid", False)
    assert "trusted by nobody" in back.issuer
    assert pixels(signed) == pixels(data)
    assert read_xmp(signed) == read_xmp(data)
    assert made_by(signed, {}).c2pa
    assert made_by(signed, {}).source_type == "compositeWithTrainedAlgorithmicMedia"
    assert len(signed) - len(data) < 10_000  # a thumbnail would be many times that


def test_it_claims_that_the_parent_was_opened_and_edited_and_never_that_something_was_created(own: Signer) -> None:
    back = read_back(own.sign(drawn("png"), "png", RECORD), "png")
    assert back is not None
    said = {one["label"]: one["data"] for one in back.claims["assertions"]}
    opened, edited = said["c2pa.actions.v2"]["actions"]
    assert [opened["action"], edited["action"]] == ["c2pa.opened", "c2pa.edited"]
    assert edited["digitalSourceType"] == GENERATED
    assert edited["parameters"]["fototeca.prompt"] == PROMPT
    (ingredient,) = back.claims["ingredients"]
    assert (ingredient["relationship"], ingredient["instance_id"]) == ("parentOf", f"urn:sha256:{PARENT}")
    assert ingredient["label"] in opened["parameters"]["ingredients"][0]["url"]
    assert said["cawg.metadata"]["photoshop:Credit"] == RECORD["credit_line"]
    assert said["cawg.metadata"]["xmpRights:WebStatement"] == RECORD["rights"]["uri"]
    assert said["cawg.metadata"]["dc:rights"] == WORDS["dc:rights"]
    assert not {"cawg.training-mining", "c2pa.thumbnail.claim"} & set(said)


def test_a_wish_on_mining_that_the_file_carries_is_repeated(own: Signer) -> None:
    data = drawn("png", plus_DataMining="http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING")
    back = read_back(own.sign(data, "png", RECORD), "png")
    assert back is not None
    (said,) = [one["data"]["entries"] for one in back.claims["assertions"] if one["label"] == "cawg.training-mining"]
    assert said == {name: {"use": "notAllowed"} for name in ("cawg.ai_training", "cawg.ai_generative_training")}


def test_a_changed_pixel_is_invalid_and_a_picture_without_a_signature_has_none(own: Signer) -> None:
    signed = bytearray(own.sign(drawn("png"), "png", RECORD))
    at = signed.rindex(b"IDAT") + 12
    signed[at] ^= 1
    back = read_back(bytes(signed), "png")
    assert back is not None
    assert back.state == "Invalid"
    assert read_back(drawn("png"), "png") is None


def test_who_trusts_the_workspace_reads_trusted(tmp_path: Path) -> None:
    made = signer_of(tmp_path)
    given = (tmp_path / "signing" / "certificates.pem").read_bytes()
    root = given[given.index(b"-----END") :]
    back = read_back(made.sign(drawn("png"), "png", RECORD), "png", trusting=root[root.index(b"-----BEGIN") :])
    assert back is not None
    assert back.trusted


def test_the_authority_is_made_once_and_its_key_is_for_its_owner_only(tmp_path: Path) -> None:
    first = authority(tmp_path / "signing")
    assert authority(tmp_path / "signing") == first
    assert (tmp_path / "signing" / "authority.pem").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "signing").stat().st_mode & 0o777 == 0o700
    assert b"PRIVATE" not in (tmp_path / "signing" / "certificates.pem").read_bytes()


def test_the_statement_names_certificate_and_library_and_stays_the_same(own: Signer, tmp_path: Path) -> None:
    one, two = signer_of(tmp_path), signer_of(tmp_path)
    assert one.statement == two.statement != own.statement
    assert x509.load_pem_x509_certificates(one.certificates.encode())[0].serial_number
    assert one.digest in one.statement
    assert "c2pa-python=" in one.statement


def test_a_key_shows_in_no_representation_and_the_signer_goes_to_workers(own: Signer) -> None:
    assert "PRIVATE" not in repr(own)
    assert pickle.loads(pickle.dumps(own)) == own


def test_many_threads_sign_at_once(own: Signer) -> None:
    data = [drawn("png", fototeca_concept=str(number)) for number in range(24)]
    with ThreadPoolExecutor(4) as pool:
        signed = list(pool.map(lambda one: own.sign(one, "png", RECORD), data))
    assert all((back := read_back(one, "png")) and back.state == "Valid" for one in signed)
    assert [read_xmp(one)["fototeca:concept"] for one in signed] == [str(number) for number in range(24)]


def test_certificate_and_key_come_from_files_or_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chain, key = authority(tmp_path / "made")
    (tmp_path / "chain.pem").write_bytes(chain)
    secret = serialization.load_pem_private_key(key, None).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"senha")
    )
    (tmp_path / "key.pem").write_bytes(secret)
    with pytest.raises(UsageError, match="FOTOTECA_PRIVATE_KEY_PASSWORD"):
        signer_of(tmp_path, tmp_path / "chain.pem", tmp_path / "key.pem")
    monkeypatch.setenv("FOTOTECA_PRIVATE_KEY_PASSWORD", "senha")
    by_path = signer_of(tmp_path, tmp_path / "chain.pem", tmp_path / "key.pem")
    monkeypatch.setenv("FOTOTECA_CERTIFICATE", str(tmp_path / "chain.pem"))
    monkeypatch.setenv("FOTOTECA_PRIVATE_KEY", secret.decode())
    assert signer_of(tmp_path).statement == by_path.statement
    assert not (tmp_path / "signing").exists()


def test_what_does_not_fit_is_refused_before_anything_is_signed(tmp_path: Path) -> None:
    chain, key = authority(tmp_path / "one")
    _, other = authority(tmp_path / "two")
    with pytest.raises(UsageError, match="not that of the first certificate"):
        signer(chain, other)
    (tmp_path / "chain.pem").write_bytes(chain)
    with pytest.raises(UsageError, match="--private-key or FOTOTECA_PRIVATE_KEY"):
        signer_of(tmp_path, tmp_path / "chain.pem")
    with pytest.raises(UsageError, match=r"no\.pem cannot be read"):
        signer_of(tmp_path, tmp_path / "no.pem", tmp_path / "no.pem")
    with pytest.raises(UsageError, match="certificate cannot be read"):
        signer(b"nothing", key)
    odd = ec.generate_private_key(ec.SECP256K1())
    with pytest.raises(UsageError, match=r"cannot be read|not that of|this is another"):
        signer(
            chain, odd.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )


def test_a_certificate_that_signed_itself_is_not_admitted(tmp_path: Path) -> None:
    chain, key = authority(tmp_path)
    root = chain[chain.index(b"-----BEGIN", 10) :]
    with pytest.raises(UsageError, match="not that of the first certificate"):
        signer(root, key)
    import export.authority as made

    secret = ec.generate_private_key(ec.SECP256R1())
    alone = made._certificate("self", secret, "self", secret, authority=True).public_bytes(serialization.Encoding.PEM)
    text = secret.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with pytest.raises(UsageError, match="one that C2PA admits"):
        signer(alone, text)


def test_real_pictures_and_other_formats_are_not_signed(own: Signer) -> None:
    with pytest.raises(SourceError, match="is no variation"):
        own.sign(drawn("png"), "png", {**RECORD, "origin": "harvested", "parent": None})
    with pytest.raises(SourceError, match=r"is a \.tif"):
        own.sign(b"II*\0", "tif", RECORD)
    with pytest.raises(SourceError, match="cannot be signed"):
        own.sign(b"no picture", "png", RECORD)


def test_an_export_signs_its_variations_only_and_the_next_one_keeps_every_shard(archive: Archive, tmp_path: Path) -> None:
    def written(mine: Signer | None) -> list[str]:
        """The kinds of the shards that were written, not kept."""
        samples = choose(archive.folder, Purpose(), Selection(), signer=mine).samples
        done = write_folder(tmp_path / "out", samples, purpose="research", about={})
        return sorted({name.split("-")[1] for name in done.written})

    assert written(signer_of(archive.folder)) == ["real", "synthetic"]
    states = set()
    for path in (tmp_path / "out").glob("*.tar"):
        with tarfile.open(path) as shard:
            pictures = [one for one in shard if one.name.endswith(("jpg", "png"))]
            for back in (read_back(shard.extractfile(one).read(), one.name[-3:]) for one in pictures):  # type: ignore[union-attr]
                states.add((path.name.split("-")[1], back and back.state))
    assert states == {("real", None), ("synthetic", "Valid")}
    assert written(signer_of(archive.folder)) == []
    assert written(None) == ["synthetic"]
