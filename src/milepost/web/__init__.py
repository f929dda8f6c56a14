"""The console API: thin routes over the control plane, the store and the stages."""
