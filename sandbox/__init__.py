"""A cloud to rehearse a rollout against, on one machine. Test equipment: nothing of it ships to a cloud."""
