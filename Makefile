# Every `make X` is `./dev X`.
COMMANDS := help demo run test asan tsan fuzz bench build deps format tidy clean

.DEFAULT_GOAL := help
.PHONY: $(COMMANDS)

$(COMMANDS):
	@./dev $@

bench-%:
	@./dev $@

# The same under a sanitizer: make test-asan, make test-tsan.
test-%:
	@./dev $*
