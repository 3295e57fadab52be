#pragma once

long long now(void); // since some moment
long long cpu(void); // of this process, user and system
