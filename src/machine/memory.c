/* Memory: how the one region of the machine is laid out, and the state at height 0.
 *
 * The pool of the evidence is made so large that it never says no while the budget is kept: a tell that the budget
 * allows at most doubles the tables of a question, and the old ones are alive until the new ones are filled. Hence
 * twice the budget. */
#include "base/arena.h"
#include "base/check.h"
#include "belief/huber.h"
#include "machine/order.h"
#include "machine/state.h"

/* What may be alive in the pool for a moment beyond what is charged, besides tables that are being doubled. */
enum { TRANSIENT_BYTES = 1 << 21 };

struct sizes {
    size_t machine;
    size_t docket;
    size_t families;
    size_t standing;
    size_t watch;
    size_t trail;
    size_t members;
    size_t order;
    size_t scratch;
    size_t pool;
    size_t preview;
};

static uint32_t questions_capacity(const struct genesis *genesis) {
    return (uint32_t)num_min_u64(QUESTIONS_MAX, genesis->state_bytes_max / MATTER_CHARGE);
}

static struct sizes sizes_of(const struct genesis *genesis) {
    CHECK(genesis->state_bytes_max >= STATE_BYTES_MIN && genesis->state_bytes_max <= STATE_BYTES_MAX);
    CHECK(genesis->members >= MEMBERS_MIN && genesis->members <= MEMBERS_MAX);
    size_t alive = 2 * (size_t)genesis->state_bytes_max + TRANSIENT_BYTES;
    return (struct sizes){
        .machine = arena_rounded(sizeof(struct machine)),
        .docket = docket_bytes(questions_capacity(genesis)),
        .families = families_bytes(genesis->members, questions_capacity(genesis)),
        .standing = arena_rounded(standing_bytes(genesis->members)),
        .watch = watch_bytes(genesis->members),
        .trail = trail_bytes(genesis->members),
        .members = arena_rounded(merkle_tree_bytes(genesis->members)),
        .order = arena_rounded(order_scratch_count(order_batches_max(genesis->members)) * sizeof(uint32_t)),
        .scratch = arena_rounded(SCRATCH_BYTES),
        .pool = arena_rounded(pool_region_bytes(alive)),
        /* A preview starts with an empty pool and ends soon: it has no history to make room for. */
        .preview = arena_rounded(2 * alive),
    };
}

size_t machine_bytes(const struct genesis *genesis) {
    struct sizes sizes = sizes_of(genesis);
    return sizes.machine + sizes.docket + sizes.families + sizes.standing + sizes.watch + sizes.trail +
           sizes.members + sizes.order + sizes.scratch + sizes.pool + sizes.preview;
}

static void init_setting(struct machine *machine) {
    const struct genesis *genesis = &machine->genesis;
    machine->setting = (struct setting){
        .pool = &machine->pool,
        .context = {.members = genesis->members,
                    .weights = standing_weights(machine->standing),
                    .on_seal = watch_on_seal,
                    .had_seen = watch_had_seen,
                    .user = &machine->watch},
        .threshold = genesis->threshold,
        .budget = genesis->state_bytes_max,
        .tables = &machine->tables,
    };
}

static void init_trees(struct machine *machine) {
    epoch_init(machine);
    members_list(machine);
    levels_settle(machine);
    levels_update_parameters(machine);
}

static void init_log(struct machine *machine) {
    struct writer writer = writer_of(machine->scratch, SCRATCH_BYTES);
    struct hash leaf;
    genesis_put(&writer, &machine->genesis);
    CHECK(writer_status(&writer) == STATUS_OK);
    merkle_leaf(writer_slice(&writer), &leaf);
    merkle_frontier_init(&machine->log);
    merkle_append(&machine->log, &leaf);
    machine->checkpoint = (struct checkpoint){.size = 1, .threshold = machine->genesis.threshold};
    merkle_frontier_root(&machine->log, &machine->checkpoint.root);
}

struct machine *machine_init(void *memory, size_t bytes, const struct genesis *genesis) {
    CHECK(memory != NULL && bytes >= machine_bytes(genesis));
    struct sizes sizes = sizes_of(genesis);
    struct arena arena;
    arena_init(&arena, memory, bytes);
    struct machine *machine = arena_need(&arena, sizes.machine);
    machine->genesis = *genesis;
    machine->snapshot_interval = SNAPSHOT_INTERVAL;
    genesis_chain(genesis, &machine->chain);
    docket_init(&machine->docket, &arena, questions_capacity(genesis));
    families_init(&machine->families, &arena, genesis->members, questions_capacity(genesis));
    machine->standing = standing_init(arena_need(&arena, sizes.standing), sizes.standing, genesis->members);
    watch_init(&machine->watch, &arena, machine->standing, genesis->members);
    trail_init(&machine->trail, &arena, genesis->members);
    merkle_tree_init(&machine->members, arena_need(&arena, sizes.members), genesis->members);
    machine->order = arena_need(&arena, sizes.order);
    machine->scratch = arena_need(&arena, sizes.scratch);
    pool_init(&machine->pool, arena_need(&arena, sizes.pool), sizes.pool);
    machine->preview.region = arena_need(&arena, sizes.preview);
    machine->preview.region_bytes = sizes.preview;
    init_setting(machine);
    init_trees(machine);
    init_log(machine);
    return machine;
}
