#pragma once

// The allocator's options, which Swift's Glibc module leaves out.
#include <malloc.h>
