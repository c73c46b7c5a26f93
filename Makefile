# Every `make X` is `./dev X`.
COMMANDS := help demo run test asan tsan bench build deps format tidy clean

.DEFAULT_GOAL := help
.PHONY: $(COMMANDS)

$(COMMANDS):
	@./dev $@

bench-%:
	@./dev $@
