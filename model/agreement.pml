/* The agreement of docs/protocol.md 4 for Spin: can two members ever hold contradicting blocks for final?
 * model/README.md says how to run it, what is left out, and why nothing is lost by that.
 *
 * There are N members, F of which lie, and Q votes are a quorum. Only the N - F honest ones are processes. What they
 * have signed stands in sets that only grow, one bit a member. The network is the adversary's: whoever acts may have
 * seen any part of what was signed. No rule asks that somebody else's vote be absent, so acting on a part is acting on
 * the whole at another time, and nothing has to be kept of who saw what. The liars sign everything, for every block and
 * of every kind, and it is shown or withheld as it suits them: each of them counts towards every quorum.
 *
 * Every leader lies as well, and proposes two blocks a view that extend whatever is acceptable. That is more than F
 * liars can do, and covers the honest leader, who proposes one of the two. */

#ifndef N
#define N 4
#endif
#ifndef F
#define F 1
#endif
#ifndef Q
#define Q 3
#endif
#ifndef VIEWS
#define VIEWS 4
#endif

/* Blocks are numbers: 0 is genesis, then come two for each view. */
#define BLOCKS         (2 * VIEWS)
#define ONE(v)         (2 * (v) - 1)
#define OTHER(v)       (2 * (v))
#define VIEW_OF(block) (((block) + 1) / 2)
#define BIT(number)    (1 << (number))
#define NOBODY         255

byte parent[BLOCKS + 1] = NOBODY; /* NOBODY: not proposed */

/* Who of the honest has voted: sets of members, by block or by view. */
byte notarize[BLOCKS + 1];
byte finalize[BLOCKS + 1];
byte nullify[VIEWS + 1];

/* What a quorum stands behind: sets of blocks, of views, of blocks. */
short notarized = BIT(0);
short nullified;
short finalized;

byte upper, lower, other; /* scratch of `judge`, zero between */

#define HEADS(set)  (((set) & 1) + ((set) >> 1 & 1) + ((set) >> 2 & 1) + ((set) >> 3 & 1) + ((set) >> 4 & 1))
#define QUORUM(set) (HEADS(set) + F >= Q)

/* Members go through the views each in its own time. But a vote of view v is allowed or forbidden by votes of views up
 * to v alone, so every run can be sorted by views without a change to any vote, and it is enough to look at the sorted
 * ones: everybody is in one view at a time, and of a view that is over only the certificates are needed. ANY_ORDER
 * looks at the unsorted runs, of which there are many more. */
#ifdef ANY_ORDER
#define PAST_TOO(v) true
#else
byte view = 1;
#define PAST_TOO(v) ((v) == view)
#endif

/* The Never rules. Without one of them Spin has to find a contradiction. */
#define ME              BIT(_pid)
#define HAS_NOTARIZED(v) (((notarize[ONE(v)] | notarize[OTHER(v)]) & ME) != 0)
#define HAS_FINALIZED(v) (((finalize[ONE(v)] | finalize[OTHER(v)]) & ME) != 0)
#define HAS_NULLIFIED(v) ((nullify[v] & ME) != 0)
#ifdef NOTARIZE_TWICE
#define MAY_NOTARIZE(block) ((notarize[block] & ME) == 0)
#else
#define MAY_NOTARIZE(block) (!HAS_NOTARIZED(VIEW_OF(block)))
#endif
#ifdef NULLIFY_AFTER_FINALIZE
#define MAY_NULLIFY(v) (!HAS_NULLIFIED(v))
#else
#define MAY_NULLIFY(v) (!HAS_NULLIFIED(v) && !HAS_FINALIZED(v))
#endif
#ifdef FINALIZE_AFTER_NULLIFY
#define MAY_FINALIZE(v) (!HAS_FINALIZED(v))
#else
#define MAY_FINALIZE(v) (!HAS_FINALIZED(v) && !HAS_NULLIFIED(v))
#endif
#ifdef FINALIZE_EARLY
#define NOTARIZATION(block) true
#else
#define NOTARIZATION(block) ((notarized & BIT(block)) != 0)
#endif

/* Rule 2, which every voter checks: the parent is notarized, and every view between is nullified. */
#ifdef GAP_UNCHECKED
#define GAP_PROVEN(p, v) true
#else
#define GAP_PROVEN(p, v) (((BIT(v) - 1) & ~(BIT(VIEW_OF(p) + 1) - 1) & ~nullified) == 0)
#endif
#define ACCEPTABLE(p, v) (VIEW_OF(p) < (v) && (notarized & BIT(p)) != 0 && GAP_PROVEN(p, v))

/* What is acceptable stays so; a proposal that is not will get no honest vote before it is, and comes into being then.
 * Which of two blocks comes first says nothing, so it is ONE. */
#define PROPOSE(p, block)                                                                                              \
    d_step {                                                                                                           \
        block <= BLOCKS && PAST_TOO(VIEW_OF(block)) && parent[block] == NOBODY && ACCEPTABLE(p, VIEW_OF(block)) &&     \
        (block == ONE(VIEW_OF(block)) || parent[ONE(VIEW_OF(block))] != NOBODY) ->                                     \
        parent[block] = p;                                                                                             \
        printf("  view %d: block %d is proposed on block %d\n", VIEW_OF(block), block, p)                              \
    }

/* Rule 3. */
#define NOTARIZE(block)                                                                                                \
    d_step {                                                                                                           \
        block <= BLOCKS && VIEW_OF(block) == view && parent[block] != NOBODY && MAY_NOTARIZE(block) ->              \
        notarize[block] = notarize[block] | ME;                                                                        \
        printf("  view %d: member %d votes to notarize block %d\n", VIEW_OF(block), _pid, block);                      \
        notarized = notarized | (QUORUM(notarize[block]) -> BIT(block) : 0)                                            \
    }

/* Rule 4. Timers fire at any time. */
#define NULLIFY(v)                                                                                                     \
    d_step {                                                                                                           \
        v <= VIEWS && v == view && MAY_NULLIFY(v) ->                                                                \
        nullify[v] = nullify[v] | ME;                                                                                  \
        printf("  view %d: member %d votes to nullify\n", v, _pid);                                                    \
        nullified = nullified | (QUORUM(nullify[v]) -> BIT(v) : 0)                                                     \
    }

/* Rules 5 and 6. A notarization may be seen late, long after its view was left. */
#define FINALIZE(block)                                                                                                \
    d_step {                                                                                                           \
        block <= BLOCKS && PAST_TOO(VIEW_OF(block)) && parent[block] != NOBODY && NOTARIZATION(block) &&               \
        MAY_FINALIZE(VIEW_OF(block)) ->                                                                                \
        finalize[block] = finalize[block] | ME;                                                                        \
        printf("  view %d: member %d votes to finalize block %d\n", VIEW_OF(block), _pid, block);                      \
        if                                                                                                             \
        :: QUORUM(finalize[block]) -> judge(block)                                                                     \
        :: else                                                                                                        \
        fi                                                                                                             \
    }

/* Rule 1. */
#define OVER(v) (((notarized & (BIT(ONE(v)) | BIT(OTHER(v)))) | (nullified & BIT(v))) != 0)

/* The model gets somewhere: Spin has to refute these. */
#if defined(NEVER_FINAL)
#define REACHED(block) assert(VIEW_OF(block) < VIEWS)
#elif defined(NEVER_SKIPPED)
#define REACHED(block) assert(VIEW_OF(block) < 3 || VIEW_OF(parent[block]) != VIEW_OF(block) - 2)
#else
#define REACHED(block) skip
#endif

/* The property: of any two final blocks one descends from the other. */
inline judge(block) {
    finalized = finalized | BIT(block);
    other = 1;
    do
    :: other > BLOCKS -> break
    :: other <= BLOCKS && (finalized & BIT(other)) == 0 -> other++
    :: other <= BLOCKS && (finalized & BIT(other)) != 0 ->
        upper = (VIEW_OF(other) > VIEW_OF(block) -> other : block);
        lower = (upper == other -> block : other);
        do
        :: VIEW_OF(upper) > VIEW_OF(lower) -> upper = parent[upper]
        :: VIEW_OF(upper) <= VIEW_OF(lower) -> break
        od;
        assert(upper == lower);
        other++
    od;
    REACHED(block);
    upper = 0;
    lower = 0;
    other = 0
}

/* The members come first, so that their process numbers are their bits. */
active [N - F] proctype member() {
#ifdef ANY_ORDER
    byte view = 1;
#endif
end:
    do
    :: NOTARIZE(1) :: NOTARIZE(2) :: NOTARIZE(3) :: NOTARIZE(4)
    :: NOTARIZE(5) :: NOTARIZE(6) :: NOTARIZE(7) :: NOTARIZE(8)
    :: NULLIFY(1) :: NULLIFY(2) :: NULLIFY(3) :: NULLIFY(4)
    :: FINALIZE(1) :: FINALIZE(2) :: FINALIZE(3) :: FINALIZE(4)
    :: FINALIZE(5) :: FINALIZE(6) :: FINALIZE(7) :: FINALIZE(8)
#ifdef ANY_ORDER
    :: d_step { view < VIEWS && OVER(view) -> view++ }
#endif
    od
}

/* One process for each block that may be extended; its number says which. */
active [BLOCKS - 1] proctype leader() {
end:
    do
    :: PROPOSE(_pid - (N - F), 1) :: PROPOSE(_pid - (N - F), 2) :: PROPOSE(_pid - (N - F), 3)
    :: PROPOSE(_pid - (N - F), 4) :: PROPOSE(_pid - (N - F), 5) :: PROPOSE(_pid - (N - F), 6)
    :: PROPOSE(_pid - (N - F), 7) :: PROPOSE(_pid - (N - F), 8)
    od
}

#ifndef ANY_ORDER
active proctype time() {
end:
    do
    :: d_step {
        view < VIEWS && OVER(view) ->
        notarize[ONE(view)] = 0;
        notarize[OTHER(view)] = 0;
        finalize[ONE(view)] = 0;
        finalize[OTHER(view)] = 0;
        nullify[view] = 0;
        view++
    }
    od
}
#endif
