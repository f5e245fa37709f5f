/* Fuzz target: a snapshot that a machine accepts is saved again byte for byte, and whatever state it is, the machine goes
 * on with it: nobody verified these bytes. */
#include <sys/mman.h>

#include "fuzz_wire.h"
#include "machine/machine.h"
#include "snapshot_genesis.h"

enum { BLOCKS = 20 };

static struct genesis genesis;
static void *memory;
static size_t memory_bytes;

/* Zeroed again and again, which a fresh mapping is. */
static struct machine *fresh_machine(void) {
    if (memory == NULL) {
        snapshot_genesis(&genesis);
        memory_bytes = machine_bytes(&genesis);
    } else {
        munmap(memory, memory_bytes);
    }
    memory = mmap(NULL, memory_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) abort();
    struct machine *machine = machine_init(memory, memory_bytes, &genesis);
    machine_snapshot_every(machine, SNAPSHOT_SEED_INTERVAL);
    return machine;
}

static void append(void *context, struct slice chunk) { writer_put(context, chunk.data, chunk.bytes); }

/* A block with an empty batch of a member that tells the time. */

static enum status read_batch(void *context, const struct hash *hash, struct slice *ret_header,
                              struct slice *ret_body) {
    (void)context;
    (void)hash;
    *ret_header = slice_of("header", 6);
    *ret_body = slice_of("\x80", 1);
    return STATUS_OK;
}

static void leaf(void *context, uint64_t index, struct slice bytes, const struct hash *leaf_hash) {
    (void)context;
    (void)index;
    (void)bytes;
    (void)leaf_hash;
}

static enum status read_leaf(void *context, uint64_t index, struct slice *ret_bytes) {
    (void)context;
    (void)index;
    *ret_bytes = slice_of("leaf", 4);
    return STATUS_OK;
}

static void execute(struct machine *machine, uint32_t member, uint64_t later_us) {
    const struct machine_ports ports = {NULL, read_batch, leaf, read_leaf, NULL, NULL};
    static struct block block;
    struct machine_lane lane;
    struct checkpoint checkpoint;
    struct hash hash = {{5}};
    machine_lane(machine, member, &lane);
    uint64_t now_us = machine_time_us(machine);
    struct machine_batch batch = {.member = member, .seq = lane.seq + 1, .hash = hash};
    if (!num_add_u64(now_us, later_us, &batch.wall_us)) batch.wall_us = UINT64_MAX;
    block = (struct block){.view = 1, .height = machine_height(machine) + 1, .entries_count = 1};
    block.entries[0] = (struct tip){member, batch.seq, hash};
    machine_execute(machine, &block, &hash, &batch, 1, &ports, &checkpoint);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    struct slice input = slice_of(data, bytes);
    struct machine *machine = fresh_machine();
    if (machine_load(machine, input) != STATUS_OK) return 0;
    struct writer writer = writer_for(input.bytes);
    machine_save(machine, append, &writer);
    require_same(&writer, input);
    /* Windows end, then deadlines, then what is kept for canaries. */
    for (uint32_t b = 0; b < BLOCKS; b++) execute(machine, b % genesis.members, UINT64_C(1) << (2 * b));
    return 0;
}
