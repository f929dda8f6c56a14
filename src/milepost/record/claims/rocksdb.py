"""Claims in RocksDB: one multi-get and one synced write batch per call, flat over millions of keys.

Options were measured: with the default ones claims are twice as slow (DESIGN section 2). A call works through its
digests in their order, which halves the writing, and asks a bloom filter before the memtable, which halves the reading.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, cast

from rocksdict import (
    BlockBasedOptions,
    Cache,
    Checkpoint,
    DataBlockIndexType,
    DBCompressionType,
    Options,
    Rdict,
    WriteBatch,
    WriteOptions,
)

from milepost.domain.errors import UnavailableError
from milepost.record.mark import Mark, decode_mark, encode_mark

_MARK: Final = b"folder"


class RocksdbClaims:
    """See port.py. One process, one thread at a time.

    After a write that failed, as on a full disk, RocksDB refuses every further one: the next call opens it anew. What
    the failed call has written all the same does no harm, for its owners find it to be theirs.
    """

    def __init__(self, folder: Path) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._db = Rdict(str(folder), options=_options())
        self._has_failed = False
        self._synced = WriteOptions()
        self._synced.sync = True

    def claim(self, digests: Sequence[bytes], owners: Sequence[bytes]) -> list[bytes | None]:
        """See the port."""
        try:
            if self._has_failed:
                self._open_anew()
            return self._claim(digests, owners)
        except Exception as error:  # the library has no class of its own for what the disk refuses
            self._has_failed = True
            raise UnavailableError(f"The claims cannot be kept now: {error}") from error

    def _open_anew(self) -> None:
        with suppress(Exception):  # it cannot write down what it has not written, and is closed all the same
            self._db.close()
        self._db = Rdict(str(self._folder), options=_options())
        self._has_failed = False

    def _claim(self, digests: Sequence[bytes], owners: Sequence[bytes]) -> list[bytes | None]:
        order = sorted(range(len(digests)), key=digests.__getitem__)  # stable: the first of equal digests stays first
        kept = cast("list[bytes | None]", self._db.get([digests[place] for place in order]))
        batch = WriteBatch(raw_mode=True)
        fresh: dict[bytes, bytes] = {}
        result: list[bytes | None] = [None] * len(digests)
        for place, known in zip(order, kept, strict=True):
            digest, owner = digests[place], owners[place]
            holder = known if known is not None else fresh.get(digest)
            if holder is None:
                fresh[digest] = owner
                batch.put(digest, owner)
            elif holder != owner:
                result[place] = holder
        if fresh:
            self._db.write(batch, self._synced)
        return result

    @property
    def sequence(self) -> int:
        """See the port."""
        return int(self._db.latest_sequence_number())

    @property
    def mark(self) -> Mark | None:
        """Which data folder the claims belong to; kept beside the claims, whose keys are all longer."""
        content = self._db.get(_MARK)
        return decode_mark(content) if isinstance(content, bytes) else None

    @mark.setter
    def mark(self, mark: Mark) -> None:
        batch = WriteBatch(raw_mode=True)
        batch.put(_MARK, encode_mark(mark))
        self._db.write(batch, self._synced)

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Every claim with its owner, in the order of their keys."""
        for digest, owner in self._db.items():
            if digest != _MARK:
                yield bytes(cast("bytes", digest)), bytes(owner)

    def check(self, most_bytes: int) -> None:
        """Read everything, by which its checksums are compared, unless it is more than that; raises as RocksDB does."""
        size = self._db.property_int_value("rocksdb.total-sst-files-size") or 0
        if size <= most_bytes:
            deque(self._db.keys(), maxlen=0)

    def snapshot(self, folder: Path) -> None:
        """See the port. Hard links where the folder is on the same disk, since RocksDB's files never change."""
        try:
            Checkpoint(self._db).create_checkpoint(str(folder))
        except Exception as error:
            raise UnavailableError(f"The claims cannot be copied now: {error}") from error

    def close(self) -> None:
        """See the port."""
        self._db.close()


def _options() -> Options:
    table = BlockBasedOptions()
    table.set_bloom_filter(10, block_based=False)
    table.set_block_cache(Cache(64 * 1024 * 1024))
    table.set_cache_index_and_filter_blocks(True)
    table.set_pin_l0_filter_and_index_blocks_in_cache(True)
    table.set_data_block_index_type(DataBlockIndexType.binary_and_hash())
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_block_based_table_factory(table)
    options.set_compression_type(DBCompressionType.none())  # digests do not compress
    options.set_write_buffer_size(32 * 1024 * 1024)
    options.set_memtable_prefix_bloom_ratio(0.1)
    options.set_memtable_whole_key_filtering(True)
    options.set_max_background_jobs(2)
    options.set_keep_log_file_num(2)
    return options
