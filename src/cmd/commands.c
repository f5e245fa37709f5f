/* The subcommands, in the order in which the help lists them. */
#include <stddef.h>

#include "cmd/command.h"

const struct command *const commands[] = {
    &command_demo,
    &command_quorum,
    &command_key_new,
    &command_key_next,
    &command_key_show,
    &command_testnet_new,
    &command_testnet_up,
    &command_start,
    &command_ask,
    &command_tell,
    &command_import,
    &command_export,
    &command_close,
    &command_retract,
    &command_reveal,
    &command_show,
    &command_family,
    &command_members,
    &command_member_list,
    &command_member_propose,
    &command_certificate,
    &command_verify,
    &command_proof_list,
    &command_proof_save,
    &command_proof_verify,
    &command_status,
    /* of a member's ledger */
    &command_log,
    &command_backup,
    &command_restore,
    &command_snapshot_save,
    &command_snapshot_verify,
    &command_snapshot_restore,
    &command_erase,
    /* without a member */
    &command_sim,
    &command_lab,
    &command_config_check,
    &command_config_show,
    &command_debug_bundle,
    &command_completion,
    NULL,
};
