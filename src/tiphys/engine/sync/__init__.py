"""A sync, decided step by step.

What combines, and in which order:

1. Every resource becomes one task in the phase Sync, every hook one task for each of its phases;
   `Skip` makes none. Phases run PreSync, Sync, PostSync; SyncFail only after a failure.
2. Inside a phase, waves go up. Prune tasks take the waves mirrored, so that what was created last
   is deleted first; `PruneLast` puts them behind everything of the phase Sync.
3. Inside a wave: prunes first, then kinds in the order that dependencies suggest, then names. A
   Namespace and a definition come before the first object that needs them, whatever their waves.
4. Before the first write everything is tried by a server-side dry run. One refusal stops the sync
   with nothing changed.
5. A wave is waited for only when another wave or phase, or a hook, comes with it or after it. The
   last wave of a sync without hooks succeeds as soon as it is applied; its health is the
   Application's health, not the operation's.
6. A resource's own options win over the Application's. `Prune=false` keeps, `Prune=confirm` asks,
   `Replace` and `Force` choose how to write, `ApplyOutOfSyncOnly` leaves alone what is in sync.

`next_step` decides from the tasks, the recorded results and the live objects alone, so a sync goes
on after a restart exactly where it was.
"""
